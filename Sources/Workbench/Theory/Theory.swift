public import Training

/// The panels of the theory view.
public enum TheoryPanel: String, Hashable, Sendable, CaseIterable {
    /// Error against threshold, by formula and by simulation.
    case clipping
    /// The split of bins between two channels.
    case bins
    /// The angle between a tensor and its quantized copy.
    case angle
    /// What normalization schemes take for σ.
    case sigma
}

/// One change of what the theory view shows; all but the first two act on the panel chosen.
public enum TheoryChange: Hashable, Sendable {
    /// Has the simulations run that what is shown needs.
    case show
    /// Chooses a panel.
    case panel(TheoryPanel)
    /// The distribution that is sampled.
    case distribution(Distribution)
    /// The bits, or the mean bits of two channels; outside of 2...8 the nearest inside.
    case bits(Int)
    /// Whether values below zero become zero.
    case rectified(Bool)
    /// The clipping threshold looked at; `nil` follows the formula's optimum.
    case threshold(Double?)
    /// The ratio of two channels' spreads, 1...64.
    case ratio(Double)
    /// The values of a channel, one of `SigmaExperiment.counts`.
    case count(Int)
}

/// The state of the theory view: what each panel is set to, and what simulations answered so far.
///
/// Answers are kept by their questions, so that one of other settings is never shown as the current one.
public struct Theory: Sendable {
    /// The ratios of spreads that can be chosen.
    public static let ratios = 1.0...64.0

    /// The panel chosen.
    public internal(set) var panel = TheoryPanel.clipping
    /// What the clipping panel shows.
    public internal(set) var clipping = ClippingExperiment(prior: .laplace, bits: 4, isRectified: false)
    /// The threshold set by hand; `nil` follows the formula's optimum.
    public internal(set) var chosenThreshold: Double?
    /// What the panel of two channels shows.
    public internal(set) var split = BinSplitExperiment(prior: .gauss, meanBits: 4, isRectified: false)
    /// The ratio of the two channels' spreads.
    public internal(set) var ratio = 4.0
    /// The distribution whose angles are shown.
    public internal(set) var angleDistribution = Distribution.gauss
    /// The bits at which angles are told.
    public internal(set) var angleBits = 4
    /// The distribution whose σ is estimated.
    public internal(set) var sigmaDistribution = Distribution.gauss
    /// The n at which estimates are told.
    public internal(set) var sigmaCount = 1024

    /// What simulations answered.
    public internal(set) var answers: [TheoryQuestion: TheoryAnswer] = [:]
    /// What was asked and is not answered yet.
    public internal(set) var pending: Set<TheoryQuestion> = []

    /// The first state.
    public init() {}

    /// The threshold looked at.
    public var threshold: Double { chosenThreshold ?? clipping.expected.optimalThreshold(bits: clipping.bits) }

    /// What a panel needs to know.
    public func question(of panel: TheoryPanel) -> TheoryQuestion {
        switch panel {
        case .clipping: .clipping(clipping)
        case .bins: .bins(split)
        case .angle: .angle(angleDistribution)
        case .sigma: .sigma(sigmaDistribution)
        }
    }

    /// Whether a panel has its answer.
    public func isAnswered(_ panel: TheoryPanel) -> Bool { answers[question(of: panel)] != nil }

    /// The clipping panel's simulation, once it is there.
    public var clippingSimulation: ClippingExperiment.Simulation? {
        guard case .clipping(let simulation)? = answers[.clipping(clipping)] else { return nil }
        return simulation
    }

    /// The two channels' splits; measured once the simulation is there.
    public var binSplit: BinSplit {
        guard case .bins(let errors)? = answers[.bins(split)] else {
            return BinSplit(split, ratio: ratio, errors: nil)
        }
        return BinSplit(split, ratio: ratio, errors: errors)
    }

    /// The angles at 2 to 8 bits, once they are there.
    public var angles: [AngleExperiment.Angles]? {
        guard case .angle(let angles)? = answers[.angle(angleDistribution)] else { return nil }
        return angles
    }

    /// The estimates of σ for every n and scheme, once they are there.
    public var estimates: [[SigmaExperiment.Estimate?]]? {
        guard case .sigma(let estimates)? = answers[.sigma(sigmaDistribution)] else { return nil }
        return estimates
    }

    /// The questions without an answer, the chosen panel's first.
    var missing: [TheoryQuestion] {
        ([panel] + TheoryPanel.allCases.filter { $0 != panel }).map { question(of: $0) }.filter {
            answers[$0] == nil
        }
    }

    /// The state after a change; `nil` where the chosen panel has nothing of the kind.
    func applying(_ change: TheoryChange) -> Theory? {
        var next = self
        switch (change, panel) {
        case (.show, _): break
        case (.panel(let wanted), _): next.panel = wanted
        case (.distribution(let distribution), .clipping):
            guard let prior = distribution.prior else { return nil }
            next.clipping = ClippingExperiment(
                prior: prior, bits: clipping.bits, isRectified: clipping.isRectified)
            // Widths of different priors do not compare.
            next.chosenThreshold = nil
        case (.distribution(let distribution), .bins):
            guard let prior = distribution.prior else { return nil }
            next.split = BinSplitExperiment(
                prior: prior, meanBits: split.meanBits, isRectified: split.isRectified)
        case (.distribution(let distribution), .angle): next.angleDistribution = distribution
        case (.distribution(let distribution), .sigma): next.sigmaDistribution = distribution
        case (.bits(let bits), .clipping):
            next.clipping = ClippingExperiment(
                prior: clipping.prior, bits: bits, isRectified: clipping.isRectified)
        case (.bits(let bits), .bins):
            next.split = BinSplitExperiment(
                prior: split.prior, meanBits: bits, isRectified: split.isRectified)
        case (.bits(let bits), .angle):
            next.angleBits = min(AngleExperiment.bits.last ?? bits, max(AngleExperiment.bits.first ?? bits, bits))
        case (.rectified(let isRectified), .clipping):
            next.clipping = ClippingExperiment(
                prior: clipping.prior, bits: clipping.bits, isRectified: isRectified)
        case (.rectified(let isRectified), .bins):
            next.split = BinSplitExperiment(
                prior: split.prior, meanBits: split.meanBits, isRectified: isRectified)
        case (.threshold(let threshold), .clipping): next.chosenThreshold = threshold
        case (.ratio(let ratio), .bins):
            next.ratio = min(Self.ratios.upperBound, max(Self.ratios.lowerBound, ratio))
        case (.count(let count), .sigma):
            next.sigmaCount = SigmaExperiment.counts.min { abs($0 - count) < abs($1 - count) } ?? count
        default: return nil
        }
        // The threshold stays within what is compared.
        let thresholds = next.clipping.thresholds
        next.chosenThreshold = next.chosenThreshold.map {
            min(thresholds[thresholds.count - 1], max(thresholds[0], $0))
        }
        return next
    }
}
