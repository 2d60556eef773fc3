import Glibc
internal import Quant

/// What each normalization scheme takes for σ, beside the σ of what it was given.
///
/// For n = 16, 32 ... 65,536 values of each population: the mean and the deviation of σ̂ / σ over many draws. A second table
/// computes in half precision.
///
/// Source: docs/training.md, eq. 1–5; training without numbers: nothing is trained.
public struct SigmaExperiment: Sendable {
    /// Values to draw samples from.
    public enum Population: Sendable {
        case distribution(Distribution)
        /// Measured values, in their order: a sample of n is n consecutive ones.
        case measured(name: String, [Float])

        var name: String {
            switch self {
            case .distribution(let distribution): distribution.rawValue
            case .measured(let name, _): name
            }
        }
    }

    /// The schemes compared, every constant of Range among them.
    public static let schemes: [NormScheme] = [
        .l2, .l1, .lInfinity, .topK(10), .range(.standard), .range(.double), .range(.published),
    ]
    /// The sizes of a channel.
    public static let counts = (4...16).map { 1 << $0 }

    private let populations: [Population]
    private let seed: UInt64
    /// Values drawn for each population and size.
    private let budget: Int

    /// An experiment; `budget` values are drawn for each population and size, in at least 16 samples.
    public init(populations: [Population], seed: UInt64, budget: Int = 1 << 21) {
        self.populations = populations
        self.seed = seed
        self.budget = budget
    }

    /// The estimate of one scheme for samples of one size.
    public struct Estimate: Hashable, Sendable {
        /// The mean of σ̂ / σ over the samples.
        public let mean: Double
        /// Its standard deviation from sample to sample.
        public let deviation: Double
    }

    /// The estimates of all schemes for samples of `count` values; `nil` where a scheme needs more.
    public func estimates(_ population: Population, count: Int) -> [Estimate?] {
        var random = SeededGenerator(seed: seed &+ UInt64(count) &* 0x9e37_79b9)
        let samples = max(16, budget / count)
        let deviation = population.deviation
        var sums = [(sum: Double, squares: Double)](repeating: (0, 0), count: Self.schemes.count)
        var drawn = 0
        for sample in 0..<samples {
            guard let values = population.draw(count, sample, &random) else { break }
            drawn += 1
            for (index, scheme) in Self.schemes.enumerated() where count >= scheme.minimumCount {
                let ratio = scheme.estimate(values) / deviation
                sums[index].sum += ratio
                sums[index].squares += ratio * ratio
            }
        }
        return zip(Self.schemes, sums).map { scheme, sum in
            guard count >= scheme.minimumCount, drawn > 0 else { return nil }
            let mean = sum.sum / Double(drawn)
            return Estimate(
                mean: mean, deviation: max(0, sum.squares / Double(drawn) - mean * mean).squareRoot())
        }
    }

    /// Runs the experiment, on all processors.
    public func run(progress: @escaping @Sendable (Double) -> Void = { _ in }) -> ExperimentReport {
        let cases = populations.indices.flatMap { population in Self.counts.map { (population, $0) } }
        let done = Tally(cases.count, progress)
        let all = concurrentMap(cases.count) { index in
            defer { done.add() }
            return estimates(populations[cases[index].0], count: cases[index].1)
        }
        var table = ResultTable(
            title: "The mean of σ̂ / σ, and its deviation from sample to sample",
            columns: ["values", "n"] + Self.schemes.flatMap { ["\($0)", "\($0) ±"] })
        for ((population, count), estimates) in zip(cases, all) {
            table.add(
                [.text(populations[population].name), .number(Double(count))]
                    + estimates.flatMap { estimate -> [ResultTable.Cell] in
                        estimate.map { [.number($0.mean), .number($0.deviation)] } ?? [.none, .none]
                    })
        }
        let plots = populations.indices.map { population in
            let mine = zip(cases, all).filter { $0.0.0 == population }
            return LinePlot(
                title: "σ̂ / σ of n values: \(populations[population].name)", x: "n", y: "mean of σ̂ / σ",
                xScale: .logarithmic,
                series: Self.schemes.indices.map { scheme in
                    LinePlot.Series(
                        "\(Self.schemes[scheme])",
                        mine.map { SIMD2(Double($0.0.1), $0.1[scheme]?.mean ?? .nan) })
                })
        }
        let half = HalfPrecision(seed: seed)
        return ExperimentReport(
            name: "sigma", summary: summary(cases, all) + half.summary, tables: [table, half.table],
            plots: plots + [half.plot])
    }

    private func summary(_ cases: [(Int, Int)], _ all: [[Estimate?]]) -> [String] {
        populations.indices.map { population in
            let place = cases.firstIndex { $0 == (population, 1024) } ?? 0
            let figures = zip(Self.schemes, all[place]).map { scheme, estimate in
                "\(scheme) \(estimate.map { "\(($0.mean * 1000).rounded() / 1000)" } ?? "-")"
            }
            return "\(populations[population].name), n = 1,024: σ̂ / σ = " + figures.joined(separator: ", ")
        }
    }
}

extension SigmaExperiment.Population {
    /// σ of all there is.
    fileprivate var deviation: Double {
        guard case .measured(_, let values) = self else { return 1 }
        return NormScheme.l2.estimate(values)
    }

    /// One sample; `nil` when measured values have run out.
    fileprivate func draw(_ count: Int, _ sample: Int, _ random: inout SeededGenerator) -> [Float]? {
        switch self {
        case .distribution(let distribution): return (0..<count).map { _ in distribution.sample(&random) }
        case .measured(_, let values):
            let start = sample * count
            return start + count <= values.count ? Array(values[start..<start + count]) : nil
        }
    }
}

extension NormScheme {
    /// σ̂ of a channel's values, in double precision.
    func estimate(_ values: [Float]) -> Double {
        let count = Double(values.count)
        let mean = values.reduce(0.0) { $0 + Double($1) } / count
        let statistic: Double
        switch self {
        case .l2:
            statistic = (values.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / count).squareRoot()
        case .l1: statistic = values.reduce(0.0) { $0 + abs(Double($1) - mean) } / count
        case .lInfinity: statistic = values.reduce(0.0) { max($0, abs(Double($1) - mean)) }
        case .topK(let k):
            var largest: [Double] = []
            for value in values {
                let magnitude = abs(Double(value) - mean)
                if largest.count == k, magnitude <= largest[k - 1] { continue }
                largest.insert(magnitude, at: largest.firstIndex { magnitude > $0 } ?? largest.count)
                if largest.count > k { largest.removeLast() }
            }
            statistic = largest.reduce(0, +) / Double(k)
        case .range:
            let (least, most) = values.reduce((Float.infinity, -Float.infinity)) { (min($0.0, $1), max($0.1, $1)) }
            statistic = Double(most) - Double(least)
        }
        return statistic * constant(count: values.count)
    }
}

/// Normalization in half precision: where sums of squares overflow and sums of magnitudes do not.
struct HalfPrecision {
    private static let count = 1024
    private static let deviations = (-2...8).map { exp2(Double($0)) }

    let table: ResultTable
    let plot: LinePlot
    let summary: [String]

    init(seed: UInt64) {
        var table = ResultTable(
            title: "σ̂ / σ of 1,024 Gaussian values, every operation rounded to half precision",
            columns: ["σ"] + NormScheme.standard.map(\.description))
        var curves = [[SIMD2<Double>]](repeating: [], count: NormScheme.standard.count)
        for deviation in Self.deviations {
            var random = SeededGenerator(seed: seed)
            let values = (0..<Self.count).map { _ in Float16(deviation * random.gauss()) }
            let ratios = NormScheme.standard.map { scheme -> Double in
                guard let channel = try? ChannelNormalization(values, scheme: scheme) else { return .nan }
                return Double(channel.sigma) / deviation
            }
            table.add([.number(deviation)] + ratios.map { .number($0) })
            for (index, ratio) in ratios.enumerated() { curves[index].append(SIMD2(deviation, ratio)) }
        }
        self.table = table
        plot = LinePlot(
            title: "σ̂ / σ in half precision: 1,024 Gaussian values", x: "σ", y: "σ̂ / σ", xScale: .logarithmic,
            series: zip(NormScheme.standard, curves).map { LinePlot.Series("\($0)", $1) })
        summary = zip(NormScheme.standard, curves).compactMap { scheme, points in
            guard let lost = points.first(where: { !$0.y.isFinite }) else { return nil }
            return "half precision: \(scheme) overflows at σ = \(lost.x) for 1,024 values"
        }
    }
}
