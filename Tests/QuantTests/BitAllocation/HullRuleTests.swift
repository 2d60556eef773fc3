import Glibc
import Testing

@testable import Quant

/// The exact rule against its definition: all vertices of all hulls, sorted by gain per cost, then single raises.
@Suite struct HullRuleTests {
    private struct Vertex {
        let channel: Int
        let from: Int
        let to: Int
        let cost: Double
        let rate: Double
    }

    private func cost(_ bits: Int, _ budget: AllocationBudget) -> Double {
        budget == .meanBits ? Double(bits) : exp2(Double(bits))
    }

    private func vertices(_ errors: [Double], _ channel: Int, _ budget: AllocationBudget) -> [Vertex] {
        var all: [Vertex] = []
        var from = 0
        while from < 8 {
            let steps = (from + 1...8).map { to in
                let extra = cost(to, budget) - cost(from, budget)
                return Vertex(
                    channel: channel, from: from, to: to, cost: extra, rate: (errors[from] - errors[to]) / extra)
            }
            guard let steepest = steps.map(\.rate).max(), steepest > 0,
                let step = steps.last(where: { $0.rate == steepest })
            else { break }
            all.append(step)
            from = step.to
        }
        return all
    }

    private func plain(_ errors: [[Double]], _ budget: AllocationBudget, limit: Double, fixed: [Int?]) -> [Int] {
        var bits = fixed.map { $0 ?? 0 }
        var spent = bits.reduce(0) { $0 + cost($1, budget) }
        let free = errors.indices.filter { fixed[$0] == nil }
        let all = free.flatMap { vertices(errors[$0], $0, budget) }
            .sorted { $0.rate != $1.rate ? $0.rate > $1.rate : ($0.channel, $0.to) < ($1.channel, $1.to) }
        for vertex in all where bits[vertex.channel] == vertex.from && spent + vertex.cost <= limit {
            bits[vertex.channel] = vertex.to
            spent += vertex.cost
        }
        while true {
            let raises = free.flatMap { channel in
                (bits[channel]..<8).map { $0 + 1 }.map { to in
                    let extra = cost(to, budget) - cost(bits[channel], budget)
                    return Vertex(
                        channel: channel, from: bits[channel], to: to, cost: extra,
                        rate: (errors[channel][bits[channel]] - errors[channel][to]) / extra)
                }
            }.filter { $0.rate > 0 && spent + $0.cost <= limit }
            guard let rate = raises.map(\.rate).max(), let best = raises.first(where: { $0.rate == rate }) else {
                return bits
            }
            bits[best.channel] = best.to
            spent += best.cost
        }
    }

    @Test(arguments: AllocationBudget.allCases) func equalsItsDefinition(budget: AllocationBudget) {
        var random = SeededGenerator(seed: 17)
        for _ in 0..<200 {
            let channels = Int.random(in: 1...24, using: &random)
            // Falling curves that are not convex, some with flat parts, some of channels that are all zero.
            let errors = (0..<channels).map { channel -> [Double] in
                var error = channel % 7 == 6 ? 0 : exp(2 * Double(random.gauss()))
                return (0...8).map { _ in
                    defer { error *= Double.random(in: 0.05...1.2, using: &random) }
                    return error
                }
            }
            let fixed = (0..<channels).map { _ in
                Int.random(in: 0..<6, using: &random) == 0 ? Int.random(in: 0...8, using: &random) : nil
            }
            let goal = Int.random(in: 1...8, using: &random)
            let limit = Double(channels) * cost(goal, budget)
            let bits = HullRule(budget: budget, limit: limit, fixed: fixed).bits { errors[$0][$1] }
            #expect(bits == plain(errors, budget, limit: limit, fixed: fixed))
        }
    }
}
