import Glibc
import Testing

@testable import Training

@Suite struct ChannelNormalizationTests {
    private static let schemes = SigmaExperiment.schemes

    private func channel(_ count: Int, seed: UInt64) -> [Double] {
        var random = SeededGenerator(seed: seed)
        return (0..<count).map { _ in 0.3 + 1.7 * random.gauss() }
    }

    /// Σ y w for fixed weights w: its gradient with respect to x is what `gradient(w)` gives.
    private func loss(_ x: [Double], _ scheme: NormScheme, _ weights: [Double]) throws -> Double {
        let normalized = try ChannelNormalization(x, scheme: scheme).values
        return zip(normalized, weights).reduce(0) { $0 + $1.0 * $1.1 }
    }

    @Test(arguments: Self.schemes) func theGradientIsThatOfCentralDifferences(scheme: NormScheme) throws {
        let x = channel(40, seed: 5)
        let weights = channel(40, seed: 6)
        let gradient = try ChannelNormalization(x, scheme: scheme).gradient(weights)
        let size = gradient.map(abs).max() ?? 0
        let step = 1e-6
        for index in x.indices {
            var (above, below) = (x, x)
            above[index] += step
            below[index] -= step
            let difference = try (loss(above, scheme, weights) - loss(below, scheme, weights)) / (2 * step)
            #expect(abs(gradient[index] - difference) <= 1e-6 * size, "\(scheme), value \(index)")
        }
    }

    @Test(arguments: Self.schemes) func shiftAndScaleDoNotChangeTheResult(scheme: NormScheme) throws {
        let x = channel(500, seed: 9)
        let plain = try ChannelNormalization(x, scheme: scheme, epsilon: 0).values
        let moved = try ChannelNormalization(x.map { 64 * $0 - 3 }, scheme: scheme, epsilon: 0).values
        for (one, other) in zip(plain, moved) { #expect(abs(one - other) <= 1e-12 * max(1, abs(one))) }
    }

    @Test(arguments: Self.schemes) func aConstantChannelBecomesZero(scheme: NormScheme) throws {
        let channel = try ChannelNormalization([Float](repeating: 3, count: 64), scheme: scheme)
        #expect(channel.values.allSatisfy { $0 == 0 })
        #expect(channel.gradient((0..<64).map(Float.init)).allSatisfy { $0.isFinite })
    }

    @Test func tooFewValuesAreRefused() {
        #expect(throws: NormError.tooFewValues(scheme: .range(.standard), needed: 2, found: 1)) {
            try ChannelNormalization([1.0], scheme: .range(.standard))
        }
        #expect(throws: NormError.tooFewValues(scheme: .topK(10), needed: 10, found: 9)) {
            try ChannelNormalization([Double](repeating: 1, count: 9), scheme: .topK(10))
        }
    }

    @Test func squaresOverflowHalfPrecisionBeforeMagnitudes() throws {
        // 1,024 σ² exceeds 65,504 from σ = 8 on; 1,024 × 0.8 σ from σ = 80 on.
        func sigma(_ scheme: NormScheme, _ deviation: Double) throws -> Float16 {
            var random = SeededGenerator(seed: 2)
            return try ChannelNormalization(
                (0..<1024).map { _ in Float16(deviation * random.gauss()) }, scheme: scheme
            ).sigma
        }
        let (few, many) = try (sigma(.l2, 4), sigma(.l2, 9))
        #expect(few.isFinite && !many.isFinite)
        let (fewMagnitudes, manyMagnitudes) = try (sigma(.l1, 64), sigma(.l1, 100))
        #expect(fewMagnitudes.isFinite && !manyMagnitudes.isFinite)
        let range = try sigma(.range(.standard), 1000)
        #expect(range.isFinite)
    }

    @Test(arguments: Self.schemes) func namesAreReadBack(scheme: NormScheme) {
        #expect(NormScheme(scheme.description) == scheme)
    }

    @Test func othersAreNoNames() {
        for name in ["", "l3", "top-", "top-0", "top-x", "range:3", "Range"] { #expect(NormScheme(name) == nil) }
    }
}
