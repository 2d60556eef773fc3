import Testing

@testable import Training

@Suite struct WeightTests {
    private func random(_ count: Int, seed: UInt64 = 1) -> [Float] {
        var random = SeededGenerator(seed: seed)
        return (0..<count).map { _ in Float(random.gauss()) }
    }

    @Test(arguments: WeightNorm.Norm.allCases)
    func `bounded weights have the mean of the first norms, whatever is stepped`(norm: WeightNorm.Norm) {
        let start = random(60)
        let gains = WeightNorm.bounded(norm).gains(of: start, channels: 4)
        let mean = (0..<4).reduce(0) { $0 + norm(start[$1 * 15..<($1 + 1) * 15]) } / 4
        let used = WeightNorm.bounded(norm).used(random(60, seed: 2).map { 3 * $0 }, gains: gains)
        for channel in 0..<4 {
            #expect(abs(norm(used[channel * 15..<(channel + 1) * 15]) - mean) < 1e-5 * mean)
        }
    }

    @Test func `trained norms start as weights without them`() {
        let start = random(60)
        let used = WeightNorm.trained.used(start, gains: WeightNorm.trained.gains(of: start, channels: 4))
        for (a, b) in zip(start, used) { #expect(abs(a - b) < 1e-6) }
    }

    @Test func `a channel of zeros stays one`() {
        let used = WeightNorm.bounded(.l2).used([0, 0, 3, 4], gains: [1, 1])
        #expect(used == [0, 0, 0.6, 0.8])
    }

    /// Random directions orthogonal to the weights, as the gradients of a layer that normalization follows.
    @Test func `norms settle where decay and gradients balance`() {
        let balance = EquilibriumNorm(rate: 0.1, decay: 0.01)
        var random = SeededGenerator(seed: 5)
        let size = 50
        var weights = (0..<size).map { _ in random.gauss() }
        var (sum, gradients, count) = (0.0, 0.0, 0.0)
        for step in 0..<6000 {
            let square = weights.reduce(0) { $0 + $1 * $1 }
            var g = (0..<size).map { _ in 0.3 * random.gauss() }
            let along = zip(g, weights).reduce(0) { $0 + $1.0 * $1.1 } / square
            // Of a size that falls with that of the weights.
            g = zip(g, weights).map { ($0 - along * $1) / square.squareRoot() }
            if step >= 2000 {
                sum += square.squareRoot()
                gradients += g.reduce(0) { $0 + $1 * $1 } * square
                count += 1
            }
            weights = zip(weights, g).map { $0 - balance.rate * ($1 + balance.decay * $0) }
        }
        let predicted = balance.norm(gradientSquare: gradients / count)
        #expect(abs(sum / count / predicted - 1) < 0.05, "\(sum / count), predicted \(predicted)")
    }

    @Test func `rates follow their schedules`() {
        func rates(_ shape: Schedule.Shape, warmUp: Double = 0) -> [Double] {
            (0..<8).map { Schedule(peak: 1, shape: shape, warmUp: warmUp).rate(step: $0, of: 8) }
        }
        #expect(rates(.constant) == [Double](repeating: 1, count: 8))
        #expect(rates(.steps([0.5, 0.75])) == [1, 1, 1, 1, 0.1, 0.1, 0.01, 0.01])
        #expect(rates(.triangle(rise: 0.25)).prefix(2) == [0.5, 1])
        #expect(abs(rates(.triangle(rise: 0.25))[7] - 0.125 / 0.75) < 1e-12)
        #expect(rates(.cosine)[0] == 1 && abs(rates(.cosine)[4] - 0.5) < 1e-12)
        #expect(rates(.constant, warmUp: 0.5) == [0.25, 0.5, 0.75, 1, 1, 1, 1, 1])
    }
}
