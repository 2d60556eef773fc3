import ArgumentParser
import Engine
import NetIO
import Quant

/// The ablation of the paper: widths × methods in one run.
struct Sweep: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure a table of settings: naive, clipping, allocation, correction, all.")

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
    }

    /// The methods, each alone on top of naive, then together.
    private static let methods: [(name: String, clips: Bool, allocates: Bool, corrects: Bool)] = [
        ("naive", false, false, false), ("clipping", true, false, false), ("allocation", false, true, false),
        ("correction", false, false, true), ("clipping + allocation", true, true, false), ("all", true, true, true),
    ]

    func run() async throws {
        let options = try run.options()
        let sample = try net.sample()
        let file = try OnnxFile(path: net.path(sample))
        let layers = LayerGraph(file.graph)
        let (measured, observed, notes) = try data.load(for: layers, sample: sample)
        for note in notes { printToStandardError("note: \(note)") }
        let calibration = try await CalibrationRun(layers, on: observed, options: options).run()
        let floatProgram = Program(layers)
        let floatLogits = try await Evaluation(floatProgram, on: measured, options: options).logits()
        let chosen = try plan.options()
        var rows: [(widths: String, method: String, comparison: Comparison)] = []
        for (weights, activations) in [(8, 8), (4, 8), (8, 4), (4, 4)] {
            for method in Self.methods {
                var settings = chosen
                settings.weights = .bits(weights)
                settings.activations = .bits(activations)
                settings.clipping = method.clips ? chosen.clipping : .minMax
                settings.allocation = method.allocates ? .both : .none
                settings.correction = method.corrects ? chosen.correction : .none
                settings.granularity = method.allocates ? .channel : chosen.granularity
                let quantization = QuantizationPlan(
                    net: layers, calibration: calibration, configuration: Configuration(settings, for: layers))
                let logits = try await Evaluation(
                    Program(layers, plan: quantization), on: measured, options: options
                ).logits()
                var comparison = Comparison(
                    classes: floatProgram.logitCount, isLabelled: measured.images.labels != nil)
                comparison.add(float: floatLogits[...], quantized: logits[...], labels: measured.images.labels)
                rows.append(("W\(weights)A\(activations)", method.name, comparison))
            }
        }
        print(json ? SweepReport.json(rows) : csv ? SweepReport.csv(rows) : SweepReport.table(rows))
    }
}

/// What `sweep` prints.
enum SweepReport {
    typealias Row = (widths: String, method: String, comparison: Comparison)

    static func json(_ rows: [Row]) -> String {
        JSON.object([
            ("schema", .int(1)),
            (
                "rows",
                .array(
                    rows.map { row in
                        .object([
                            ("widths", .string(row.widths)), ("method", .string(row.method)),
                            ("images", .int(row.comparison.count)),
                            ("top1", .optional(row.comparison.quantizedTop1?.value)),
                            ("agreement", .number(row.comparison.agreement.value)),
                            ("difference", .optional(row.comparison.difference?.value)),
                        ])
                    })
            ),
        ]).text
    }

    static func csv(_ rows: [Row]) -> String {
        let lines = rows.map { row in
            let top1 = row.comparison.quantizedTop1.map { "\($0.value)" } ?? ""
            let difference = row.comparison.difference.map { "\($0.value)" } ?? ""
            return "\(row.widths),\(row.method),\(row.comparison.count),\(top1),\(row.comparison.agreement.value),"
                + difference
        }
        return (["widths,method,images,top1,agreement,difference"] + lines).joined(separator: "\n")
    }

    static func table(_ rows: [Row]) -> String {
        var widths: [String] = []
        var methods: [String] = []
        for row in rows {
            if !widths.contains(row.widths) { widths.append(row.widths) }
            if !methods.contains(row.method) { methods.append(row.method) }
        }
        func pad(_ text: String, _ width: Int) -> String {
            text + String(repeating: " ", count: max(0, width - text.count))
        }
        var lines = [pad("", 24) + widths.map { pad($0, 8) }.joined()]
        for method in methods {
            let cells = widths.map { width -> String in
                guard let row = rows.first(where: { $0.widths == width && $0.method == method }) else { return "" }
                return pad(fixed(100 * (row.comparison.quantizedTop1 ?? row.comparison.agreement).value, 2), 8)
            }
            lines.append(pad(method, 24) + cells.joined())
        }
        if let first = rows.first?.comparison.floatTop1 {
            lines.append(pad("float", 24) + fixed(100 * first.value, 2))
        }
        return lines.joined(separator: "\n")
    }
}
