internal import Quant

/// The angle between a tensor and its quantized copy, against bits: measured, by the papers' bound and by the tight formula.
///
/// Source: docs/training.md, eq. 8–11.
public struct AngleExperiment: Sendable {
    /// The bits compared.
    public static let bits = Array(2...8)

    /// A tensor of a net.
    public struct Tensor: Sendable {
        /// Its name in tables.
        public let name: String
        /// Its values.
        public let values: [Float]

        /// A tensor.
        public init(name: String, values: [Float]) {
            self.name = name
            self.values = values
        }
    }

    private let tensors: [Tensor]
    private let seed: UInt64
    private let count: Int

    /// An experiment on samples of `count` values of each distribution, and on tensors of a net.
    public init(tensors: [Tensor] = [], seed: UInt64, count: Int = 1_000_000) {
        self.tensors = tensors
        self.seed = seed
        self.count = count
    }

    /// What one tensor loses at one number of bits.
    public struct Angles: Hashable, Sendable {
        /// cos θ, rounded to nearest over [min, max].
        public let nearest: Double
        /// The same, rounded stochastically.
        public let stochastic: Double
        /// Rounded to nearest within a threshold of least expected error (ACIQ): the better of the Laplace and the Gauss prior's.
        public let clipped: Double
        /// The tight formula at this tensor's step and deviation, for rounding to nearest.
        public let tight: Double
        /// The same for stochastic rounding.
        public let tightStochastic: Double
    }

    /// The angles of a tensor.
    public func angles(_ values: [Float], bits: Int) -> Angles {
        let quantizer = TensorQuantizer(bits: bits, values)
        let random = CounterGenerator(seed: seed, stream: UInt64(bits))
        let mean = values.reduce(0.0) { $0 + Double($1) } / Double(max(1, values.count))
        let deviation = NormScheme.l2.estimate(values)
        let b = values.reduce(0.0) { $0 + abs(Double($1) - mean) } / Double(max(1, values.count))
        let (low, high) = (values.min() ?? 0, values.max() ?? 0)
        let clipped = [(Prior.laplace, b), (.gauss, deviation)].map { prior, scale in
            let threshold = Float(
                ClippingError(prior: prior, scale: scale, isRectified: false).optimalThreshold(bits: bits))
            let narrow = TensorQuantizer(
                bits: bits, low: max(low, Float(mean) - threshold), high: min(high, Float(mean) + threshold))
            return AngleTheory.cosine(values, narrow(values, .nearest, random))
        }
        return Angles(
            nearest: AngleTheory.cosine(values, quantizer(values, .nearest, random)),
            stochastic: AngleTheory.cosine(values, quantizer(values, .stochastic, random)),
            clipped: clipped.reduce(0, max),
            tight: AngleTheory.tight(step: Double(quantizer.step), deviation: deviation),
            tightStochastic: AngleTheory.tight(
                step: Double(quantizer.step), deviation: deviation, rounding: .stochastic))
    }

    /// Runs the experiment, on all processors.
    public func run(progress: @escaping @Sendable (Double) -> Void = { _ in }) -> ExperimentReport {
        let drawn = concurrentMap(Distribution.allCases.count) { index in
            let distribution = Distribution.allCases[index]
            return Tensor(
                name: distribution.rawValue, values: distribution.samples(count, seed: seed &+ UInt64(index)))
        }
        let all = drawn + tensors
        let cases = all.indices.flatMap { tensor in Self.bits.map { (tensor, $0) } }
        let done = Tally(cases.count, progress)
        let results = concurrentMap(cases.count) { index in
            defer { done.add() }
            return angles(all[cases[index].0].values, bits: cases[index].1)
        }
        var table = ResultTable(
            title: "cos θ between a tensor and its quantized copy",
            columns: ["tensor", "values", "bits", "nearest", "stochastic", "clipped", "tight formula", "bound"])
        for ((tensor, bits), angles) in zip(cases, results) {
            let size = all[tensor].values.count
            table.add([
                .text(all[tensor].name), .number(Double(size)), .number(Double(bits)), .number(angles.nearest),
                .number(angles.stochastic), .number(angles.clipped), .number(angles.tight),
                .number(AngleTheory.bound(bits: bits, count: max(2, size))),
            ])
        }
        func curve(_ tensor: Int, _ value: (Angles) -> Double) -> [SIMD2<Double>] {
            zip(cases, results).filter { $0.0.0 == tensor }.map { SIMD2(Double($0.0.1), value($0.1)) }
        }
        let gauss = 0
        let plots = [
            LinePlot(
                title: "cos θ against bits: a Gaussian of \(count) values", x: "bits", y: "cos θ",
                series: [
                    LinePlot.Series("nearest", curve(gauss, \.nearest)),
                    LinePlot.Series("stochastic", curve(gauss, \.stochastic)),
                    LinePlot.Series("clipped", curve(gauss, \.clipped)),
                    LinePlot.Series("tight formula", curve(gauss, \.tight), isDashed: true),
                    LinePlot.Series(
                        "bound",
                        Self.bits.map { SIMD2(Double($0), AngleTheory.bound(bits: $0, count: count)) },
                        isDashed: true),
                ]),
            LinePlot(
                title: "cos θ against bits, rounded to nearest", x: "bits", y: "cos θ",
                series: all.indices.map { LinePlot.Series(all[$0].name, curve($0, \.nearest)) }),
        ]
        let summary = drawn.indices.map { tensor in
            let figures = zip(cases, results).filter { $0.0.0 == tensor && [4, 8].contains($0.0.1) }
                .map { "\($0.0.1) bits \(Float($0.1.nearest))" }
            return "\(drawn[tensor].name): cos θ = " + figures.joined(separator: ", ")
        }
        return ExperimentReport(name: "angle", summary: summary, tables: [table], plots: plots)
    }
}
