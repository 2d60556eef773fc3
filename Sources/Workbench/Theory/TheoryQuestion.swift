public import Training

/// What the theory view asks a simulation: everything that its answer depends on.
public enum TheoryQuestion: Hashable, Sendable {
    /// Error against threshold.
    case clipping(ClippingExperiment)
    /// The errors of two channels at every number of bins and bits.
    case bins(BinSplitExperiment)
    /// Angles at 2 to 8 bits.
    case angle(Distribution)
    /// Estimates of σ by every scheme, for every n.
    case sigma(Distribution)
}

/// What a simulation found.
public enum TheoryAnswer: Sendable {
    /// Error against threshold.
    case clipping(ClippingExperiment.Simulation)
    /// The errors of two channels of width 1.
    case bins(BinSplitExperiment.Errors)
    /// One entry for each of `AngleExperiment.bits`.
    case angle([AngleExperiment.Angles])
    /// For each of `SigmaExperiment.counts` the estimates of `SigmaExperiment.schemes`.
    case sigma([[SigmaExperiment.Estimate?]])
}

extension TheoryQuestion {
    /// The values of a sample whose angles are measured.
    public static let angleCount = 1 << 18
    /// The values drawn for each n when σ is estimated, at least; 16 samples at least.
    public static let sigmaBudget = 1 << 17

    /// Simulates, always from the same seed; `nil` once `isCancelled` says so, which is asked every few milliseconds.
    public func answer(isCancelled: () -> Bool = { false }) -> TheoryAnswer? {
        let seed: UInt64 = 1
        switch self {
        case .clipping(let experiment):
            return experiment.simulation(seed: seed, isCancelled: isCancelled).map { .clipping($0) }
        case .bins(let experiment):
            return experiment.errors(seed: seed, isCancelled: isCancelled).map { .bins($0) }
        case .angle(let distribution):
            let experiment = AngleExperiment(seed: seed)
            let values = distribution.samples(Self.angleCount, seed: seed)
            var angles: [AngleExperiment.Angles] = []
            for bits in AngleExperiment.bits {
                if isCancelled() { return nil }
                angles.append(experiment.angles(values, bits: bits))
            }
            return .angle(angles)
        case .sigma(let distribution):
            let experiment = SigmaExperiment(populations: [], seed: seed, budget: Self.sigmaBudget)
            var estimates: [[SigmaExperiment.Estimate?]] = []
            for count in SigmaExperiment.counts {
                if isCancelled() { return nil }
                estimates.append(experiment.estimates(.distribution(distribution), count: count))
            }
            return .sigma(estimates)
        }
    }
}
