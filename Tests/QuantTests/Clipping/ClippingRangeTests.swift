import Glibc
import Testing

@testable import Quant

/// An observation of samples, as calibration makes one.
func observe(_ samples: [Float], pre: [Float]? = nil, bins: Int = 2048) -> Observation {
    func summary(_ values: [Float]) -> (Statistics, Histogram) {
        values.withUnsafeBufferPointer { values in
            let moments = Moments(of: values)
            var histogram = Histogram(lo: Double(moments.minimum), hi: Double(moments.maximum), bins: bins)
            histogram.add(values)
            return (
                Statistics(moments, meanAbsoluteDeviation: moments.meanAbsoluteDeviation(of: values)), histogram
            )
        }
    }
    let (statistics, histogram) = summary(samples)
    let before = pre.map(summary)
    return Observation(
        statistics: statistics, histogram: histogram, preActivation: before?.0, preActivationHistogram: before?.1)
}

@Suite struct ClippingRangeTests {
    private func rectified(_ count: Int = 200_000) -> Observation {
        var generator = SeededGenerator(seed: 11)
        let pre = (0..<count).map { _ in generator.laplace() }
        return observe(pre.map { max($0, 0) }, pre: pre)
    }

    @Test func theMeasuredErrorIsThatOfTheSamples() {
        var generator = SeededGenerator(seed: 5)
        let samples = (0..<100_000).map { _ in max(generator.gauss() + 0.3, 0) }
        let observation = observe(samples)
        let error = HistogramError(observation.histogram)
        for bits in 1...8 {
            let quantizer = AffineQuantizer(bits: bits, lo: 0, hi: 2.2)
            let direct =
                samples.reduce(0.0) { sum, sample in
                    let difference = Double(sample - quantizer.roundTrip(sample))
                    return sum + difference * difference
                } / Double(samples.count)
            #expect(abs(error(quantizer) / direct - 1) < 0.02, "\(bits) bits")
        }
    }

    @Test func theTailOfRectifiedLaplaceHasItsScale() {
        let observation = rectified()
        #expect(abs(observation.statistics.tailMean - 1) < 0.01)
        #expect(abs((observation.preActivation?.meanAbsoluteDeviation ?? 0) - 1) < 0.01)
        let range = ClippingRange(for: observation, bits: 4, method: .laplace)
        #expect(range.lo == 0)
        #expect(abs(range.hi - 6.204766) < 0.1)
    }

    @Test func autoIsNeverWorseThanItsCandidates() {
        let observation = rectified()
        for bits in 2...8 {
            let chosen = ClippingRange(for: observation, bits: bits, method: .auto)
            for method in [ClippingMethod.laplace, .gauss, .minMax] {
                #expect(chosen.error <= ClippingRange(for: observation, bits: bits, method: method).error)
            }
            let best = ClippingRange(for: observation, bits: bits, method: .measured)
            #expect(best.error <= chosen.error * 1.0001)
        }
    }

    @Test func aThresholdPastTheDataIsCutToIt() {
        let samples = (0..<1000).map { Float($0) / 1000 }
        let range = ClippingRange(for: observe(samples), bits: 4, method: .laplace)
        #expect(range.hi <= 0.9991)
    }

    @Test func aSkewedTensorShortensItsWindowAndDoesNotSlideIt() {
        var generator = SeededGenerator(seed: 2)
        let samples = (0..<20_000).map { _ in abs(generator.laplace()) * 2 - 0.2 }
        let observation = observe(samples)
        let range = ClippingRange(for: observation, bits: 4, method: .laplace)
        #expect(abs(range.lo - observation.statistics.minimum) < 1e-6)
        #expect(abs(range.hi - (observation.statistics.mean + range.threshold)) < 1e-9)
    }

    @Test func everyMethodSurvivesHostileTensors() {
        let methods: [ClippingMethod] = [
            .minMax, .laplace, .gauss, .auto, .measured, .kl, .percentile(99.9), .sigmas(2),
        ]
        for samples: [Float] in [
            [], [0, 0, 0], [3, 3, 3], [.nan, .infinity, 1], [-1e-30, 1e-30], [-5, -5, -4],
        ] {
            for method in methods {
                for bits in 1...8 {
                    let range = ClippingRange(for: observe(samples), bits: bits, method: method)
                    #expect(range.lo.isFinite && range.hi.isFinite && range.error.isFinite && range.lo <= range.hi)
                }
            }
        }
    }

    @Test func klClipsALongTail() {
        let range = ClippingRange(for: rectified(), bits: 4, method: .kl)
        #expect(range.hi > 1 && range.hi < rectified().statistics.maximum * 0.95)
    }

    @Test func methodsParseTheirOwnDescription() {
        for text in [
            "minmax", "laplace", "gauss", "auto", "mse", "kl", "percentile:99.9", "sigma:2.0", "range:-1.0:2.5",
        ] {
            #expect(ClippingMethod(argument: text)?.description == text)
        }
        for text in [
            "", "max", "percentile", "percentile:101", "sigma:-1", "sigma:x", "kl:1", "range:1", "range:2:1",
            "range:0:inf",
        ] {
            #expect(ClippingMethod(argument: text) == nil)
        }
    }

    @Test func curvesHaveTheirMinimumAtTheirOptimum() {
        let curves = ErrorCurves(rectified(), bits: 4)
        for curve in [curves.measured, curves.laplace, curves.gauss] {
            #expect(curve.errors.allSatisfy { $0 >= curve.optimalError * 0.999 })
            #expect(curve.errors.count == curves.thresholds.count)
        }
        #expect(abs(curves.laplace.optimum - 6.204766) < 0.1)
    }

    /// The divergence written out: P with the tail in its last bin, Q merged into levels and spread over filled bins.
    private func plainDivergence(_ counts: [Double], bins: Int, levels: Int) -> Double {
        var clipped = Array(counts[..<bins])
        clipped[bins - 1] += counts[bins...].reduce(0, +)
        let total = clipped.reduce(0, +)
        var sum = 0.0
        var lost = 0.0
        for level in 0..<levels {
            let cell = level * bins / levels..<(level + 1) * bins / levels
            let mass = counts[cell].reduce(0, +)
            let filled = Double(cell.count { counts[$0] > 0 })
            for bin in cell where clipped[bin] > 0 {
                if counts[bin] > 0 {
                    sum += clipped[bin] / total * log(clipped[bin] * filled / mass)
                } else {
                    lost += clipped[bin] / total
                }
            }
        }
        return sum + (1 - lost) * log(counts[..<bins].reduce(0, +) / total) + lost * 20
    }

    @Test(arguments: [1, 4, 8]) func klByPrefixSumsIsKLWrittenOut(bits: Int) {
        let observation = rectified(20_000)
        let search = KullbackLeibler(observation, bits: bits)
        let counts = observation.histogram.counts.map(Double.init)
        for bins in stride(from: 1 << bits, through: counts.count, by: 61) {
            let plain = plainDivergence(counts, bins: bins, levels: 1 << bits)
            #expect(abs(search.divergence(bins: bins) - plain) <= 1e-9 * max(1, abs(plain)), "\(bins) bins")
        }
    }
}
