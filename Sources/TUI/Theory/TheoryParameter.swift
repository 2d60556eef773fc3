import Quant
import Terminal
import Training
import Workbench

/// What a slider of the theory view sets.
enum TheoryParameter: Hashable, Sendable {
    case distribution
    case bits
    /// Values of both signs, or rectified ones.
    case range
    case threshold
    /// How many times one channel is as wide as the other.
    case ratio
    /// The values of a channel.
    case count
}

extension TheoryPanel {
    /// The panel's sliders, from the first.
    var parameters: [TheoryParameter] {
        switch self {
        case .clipping: [.distribution, .bits, .range, .threshold]
        case .bins: [.distribution, .bits, .range, .ratio]
        case .angle: [.distribution, .bits]
        case .sigma: [.distribution, .count]
        }
    }

    /// The distributions that the panel samples.
    var distributions: [Distribution] {
        switch self {
        case .clipping, .bins: [.laplace, .gauss, .uniform]
        case .angle, .sigma: [.gauss, .laplace, .uniform, .logNormal]
        }
    }
}

/// Sliders have places 0, 1, 2 ...: what stands at each, and which one is taken now.
extension Theory {
    /// The distribution of a panel.
    func distribution(of panel: TheoryPanel) -> Distribution {
        switch panel {
        case .clipping: clipping.prior.distribution
        case .bins: split.prior.distribution
        case .angle: angleDistribution
        case .sigma: sigmaDistribution
        }
    }

    private func bits(of panel: TheoryPanel) -> Int {
        switch panel {
        case .clipping: clipping.bits
        case .bins: split.meanBits
        case .angle, .sigma: angleBits
        }
    }

    private func isRectified(_ panel: TheoryPanel) -> Bool {
        panel == .bins ? split.isRectified : clipping.isRectified
    }

    /// 1 to 64 in steps of √2.
    private static let ratioSteps = 12

    /// The number of places of a panel's slider.
    func places(of parameter: TheoryParameter, in panel: TheoryPanel) -> Int {
        switch parameter {
        case .distribution: panel.distributions.count
        case .bits: ClippingExperiment.widths.count
        case .range: 2
        case .threshold: clipping.thresholds.count
        case .ratio: Self.ratioSteps + 1
        case .count: SigmaExperiment.counts.count
        }
    }

    /// The place taken, or the one nearest to what is chosen.
    func place(of parameter: TheoryParameter, in panel: TheoryPanel) -> Int {
        switch parameter {
        case .distribution: return panel.distributions.firstIndex(of: distribution(of: panel)) ?? 0
        case .bits: return bits(of: panel) - ClippingExperiment.widths.lowerBound
        case .range: return isRectified(panel) ? 1 : 0
        case .threshold:
            let thresholds = clipping.thresholds
            return min(thresholds.count - 1, max(0, Int((threshold / thresholds[0]).rounded()) - 1))
        case .ratio:
            return (0...Self.ratioSteps).min { abs(Self.ratio(at: $0) - ratio) < abs(Self.ratio(at: $1) - ratio) }
                ?? 0
        case .count: return SigmaExperiment.counts.firstIndex(of: sigmaCount) ?? 0
        }
    }

    /// What chooses a place of the chosen panel's slider; places beyond the ends are the ends.
    func change(_ parameter: TheoryParameter, to place: Int) -> TheoryChange {
        let place = min(places(of: parameter, in: panel) - 1, max(0, place))
        switch parameter {
        case .distribution: return .distribution(panel.distributions[place])
        case .bits: return .bits(ClippingExperiment.widths.lowerBound + place)
        case .range: return .rectified(place == 1)
        case .threshold: return .threshold(clipping.thresholds[place])
        case .ratio: return .ratio(Self.ratio(at: place))
        case .count: return .count(SigmaExperiment.counts[place])
        }
    }

    private static func ratio(at place: Int) -> Double {
        // Whole powers of 2 exactly.
        let power = Double(1 << (place / 2))
        return place % 2 == 0 ? power : power * 2.0.squareRoot()
    }

    /// A panel's slider.
    func slider(_ parameter: TheoryParameter, of panel: TheoryPanel, isSelected: Bool) -> Slider {
        let places = places(of: parameter, in: panel)
        let (name, value): (String, String) =
            switch parameter {
            case .distribution: ("prior", distribution(of: panel).rawValue)
            case .bits: (panel == .bins ? "mean bits" : "bits", "\(bits(of: panel))")
            case .range: ("range", isRectified(panel) ? "rectified" : "signed")
            case .threshold: ("threshold", threshold.brief + (chosenThreshold == nil ? " best" : ""))
            case .ratio: ("spreads", "\(ratio.brief) : 1")
            case .count: ("values n", sigmaCount.grouped)
            }
        return Slider(
            name, value: value,
            fraction: Double(place(of: parameter, in: panel)) / Double(max(1, places - 1)), isSelected: isSelected)
    }
}
