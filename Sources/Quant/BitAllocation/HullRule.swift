/// Steps along the lower convex hull of each channel's error curve, best gain per cost first.
///
/// The curves are not convex at their low end, so stepping bit by bit would strand channels at 0 bits: a step goes
/// from one vertex of the hull to the next and may jump several bits; one that no longer fits is skipped. Each channel's
/// next vertex is looked for when the one before is taken, so that errors at widths that no budget reaches are not computed.
///
/// Source: docs/quantization.md, eq. 25.
struct HullRule {
    let budget: AllocationBudget
    /// What the bits of all channels may cost, those set by hand included.
    let limit: Double
    let fixed: [Int?]

    /// The bits of each channel.
    ///
    /// - Parameter error: the mean squared error of a channel at 0...8 bits, not negative.
    func bits(_ error: (_ channel: Int, _ bits: Int) -> Double) -> [Int] {
        var bits = fixed.map { $0 ?? 0 }
        var spent = bits.reduce(0) { $0 + cost($1) }
        var steps = StepQueue()
        for channel in fixed.indices where fixed[channel] == nil {
            if let step = nextStep(of: channel, from: 0, error) { steps.insert(step) }
        }
        while let step = steps.removeFirst() {
            guard spent + step.cost <= limit + 1e-9 else { continue }
            bits[step.channel] = step.bits
            spent += step.cost
            if let next = nextStep(of: step.channel, from: step.bits, error) { steps.insert(next) }
        }
        fill(&bits, &spent, error)
        return bits
    }

    /// The next vertex of a channel's hull: the step of most gain per cost, the longest of equal ones.
    private func nextStep(of channel: Int, from: Int, _ error: (Int, Int) -> Double) -> AllocationStep? {
        guard from < 8 else { return nil }
        let present = error(channel, from)
        var best: AllocationStep?
        for to in from + 1...8 {
            let extra = cost(to) - cost(from)
            // No step gains more than the whole error, and longer ones cost more.
            if let best, best.rate > present / extra { break }
            let step = AllocationStep(channel: channel, bits: to, cost: extra, gain: present - error(channel, to))
            if step.gain > 0, best.map({ step.rate >= $0.rate }) ?? true { best = step }
        }
        return best
    }

    /// Spends what the hull's long steps left over, one best single raise at a time.
    private func fill(_ bits: inout [Int], _ spent: inout Double, _ error: (Int, Int) -> Double) {
        while true {
            var best: AllocationStep?
            for channel in fixed.indices where fixed[channel] == nil && bits[channel] < 8 {
                for higher in bits[channel] + 1...8 {
                    let extra = cost(higher) - cost(bits[channel])
                    guard spent + extra <= limit + 1e-9 else { break }
                    let gain = error(channel, bits[channel]) - error(channel, higher)
                    let step = AllocationStep(channel: channel, bits: higher, cost: extra, gain: gain)
                    if gain > 0, best.map({ step.rate > $0.rate }) ?? true { best = step }
                }
            }
            guard let best else { return }
            bits[best.channel] = best.bits
            spent += best.cost
        }
    }

    private func cost(_ bits: Int) -> Double {
        switch budget {
        case .meanBits: Double(bits)
        case .bins: Double(1 << bits)
        }
    }
}

/// More bits for one channel.
private struct AllocationStep {
    let channel: Int
    /// The bits after it.
    let bits: Int
    let cost: Double
    let gain: Double

    var rate: Double { gain / cost }

    /// Best rate first; equal ones in the order of channels.
    static func < (left: AllocationStep, right: AllocationStep) -> Bool {
        let (a, b) = (left.rate, right.rate)
        return a != b ? a > b : (left.channel, left.bits) < (right.channel, right.bits)
    }
}

/// A binary heap of steps, the best one first.
private struct StepQueue {
    private var steps: [AllocationStep] = []

    mutating func insert(_ step: AllocationStep) {
        steps.append(step)
        var child = steps.count - 1
        while child > 0, steps[child] < steps[(child - 1) / 2] {
            steps.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func removeFirst() -> AllocationStep? {
        guard let last = steps.popLast() else { return nil }
        guard let first = steps.first else { return last }
        steps[0] = last
        var parent = 0
        while true {
            var best = parent
            for child in 2 * parent + 1...2 * parent + 2 where child < steps.count && steps[child] < steps[best] {
                best = child
            }
            guard best != parent else { return first }
            steps.swapAt(best, parent)
            parent = best
        }
    }
}
