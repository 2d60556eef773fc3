import ArgumentParser
import Engine
import NetIO
import Quant

/// The ablation of the paper: widths × methods in one run.
struct Sweep: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure a table of settings: naive, clipping, allocation, correction, all.",
        discussion: """
            Each method is compared with the one it adds something to, on the same images: the second table shows by \
            how many points it is better, with the paired 95 % interval. --clip, --correct, --budget, --rule and the \
            other options of the plan say what the methods do; widths and combinations are the sweep's own.
            """)

    @OptionGroup var net: ModelArgument

    @OptionGroup var data: DataOptions
    @OptionGroup var plan: PlanArguments
    @OptionGroup var run: RunArguments

    @Flag(help: "Print one JSON document and nothing else.")
    var json = false

    @Flag(help: "Print comma-separated values.")
    var csv = false

    func validate() throws {
        if plan.config != nil { throw ValidationError("sweep makes its own choices: leave out --config") }
        if json, csv { throw ValidationError("choose one of --json and --csv") }
        for (name, value) in [
            ("--weights", plan.weights), ("--activations", plan.activations), ("--allocate", plan.allocate),
        ] where value != nil {
            throw ValidationError("sweep goes through all of \(name): leave it out")
        }
    }

    func run() async throws {
        let work = try Workload(net, data, plan, run)
        for note in work.notes { printToStandardError("note: \(note)") }
        let calibration = try await work.calibrate()
        let float = try await work.values(label: "float")
        let chosen = try plan.options()
        var rows: [SweepReport.Row] = []
        for (weights, activations) in [(8, 8), (4, 8), (8, 4), (4, 4)] {
            var values: [SweepMethod: [Float]] = [:]
            for method in SweepMethod.allCases {
                var settings = method.options(chosen)
                settings.weights = .bits(weights)
                settings.activations = .bits(activations)
                let quantization = QuantizationPlan(
                    net: work.net, calibration: calibration, configuration: Configuration(settings, for: work.net))
                let widths = "W\(weights)A\(activations)"
                let quantized = try await work.values(quantization, label: "\(widths) \(method.rawValue)")
                values[method] = quantized
                let base = method.base.flatMap { values[$0] }
                rows.append(
                    SweepReport.Row(
                        widths: widths, method: method, comparison: work.compare(float, quantized),
                        step: base.flatMap { work.compare($0, quantized).difference },
                        size: PlanSize(net: work.net, plan: quantization)))
            }
        }
        let report = SweepReport(work: work, rows: rows)
        if let first = rows.first { work.warnAboutChance(first.comparison) }
        print(json ? report.json : csv ? report.csv : report.table)
    }
}

/// The methods, each alone on top of naive, then together.
enum SweepMethod: String, CaseIterable {
    case naive, clipping, allocation, correction
    case clippingAndAllocation = "clipping + allocation"
    case all

    /// What the method adds something to.
    var base: SweepMethod? {
        switch self {
        case .naive: nil
        case .clipping, .allocation, .correction: .naive
        case .clippingAndAllocation: .clipping
        case .all: .clippingAndAllocation
        }
    }

    /// The options of the plan: what the method leaves out is min-max, one width for all, uncorrected.
    func options(_ chosen: PlanOptions) -> PlanOptions {
        let clips = self == .clipping || self == .clippingAndAllocation || self == .all
        let allocates = self == .allocation || self == .clippingAndAllocation || self == .all
        var options = chosen
        options.clipping = clips ? chosen.clipping : .minMax
        options.allocation = allocates ? .both : .none
        options.granularity = allocates && !chosen.granularity.isPerChannel ? .channel : chosen.granularity
        options.correction = self == .correction || self == .all ? chosen.correction : .none
        return options
    }
}
