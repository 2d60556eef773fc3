import Foundation
import Testing

@testable import Quant

@Suite struct LogarithmTests {
    @Test func equalsTheCLibrary() {
        let logarithm = Logarithm.natural
        var random = SeededGenerator(seed: 3)
        for _ in 0..<100_000 {
            let x = exp(Double.random(in: -700...700, using: &random))
            #expect(abs(logarithm(x) - log(x)) <= 1e-12 * max(1, abs(log(x))), "log \(x)")
        }
        for x in [1, 2, 0.5, Double.leastNormalMagnitude, .greatestFiniteMagnitude, 1.0.nextDown, 1.0.nextUp] {
            #expect(abs(logarithm(x) - log(x)) <= 1e-12 * max(1, abs(log(x))), "log \(x)")
        }
    }
}
