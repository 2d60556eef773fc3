import Engine
import NetIO
import Quant
import Terminal

/// What `sweep` prints.
struct SweepReport {
    /// One setting and what it measured.
    struct Row {
        let widths: String
        let method: SweepMethod
        let comparison: Comparison
        /// The paired difference to the method's base; `nil` without labels.
        let step: PairedDifference?
        let size: PlanSize
    }

    let work: Workload
    let rows: [Row]

    /// One JSON document.
    var json: String {
        JSON.object([
            ("schema", .int(1)), ("model", .string("\(work.name).onnx")), ("sha256", .string(work.file.sha256)),
            ("images", .int(rows.first?.comparison.count ?? 0)),
            ("labelled", .bool(rows.first?.comparison.isLabelled ?? false)),
            ("float", .object([("top1", .optional(rows.first?.comparison.floatTop1?.value))])),
            ("rows", .array(rows.map(json))), ("isa", .string(work.options.isa.rawValue)),
            ("threads", .int(work.options.threads)),
        ]).text
    }

    private func json(_ row: Row) -> JSON {
        let comparison = row.comparison
        return .object([
            ("widths", .string(row.widths)), ("method", .string(row.method.rawValue)),
            ("top1", .optional(comparison.quantizedTop1?.value)),
            ("interval95", .interval(comparison.quantizedTop1?.interval95)),
            ("agreement", .optional(comparison.agreement?.value)),
            ("logitSQNR", .optional(comparison.logitSQNR)),
            ("difference", .object(JSON.members(of: comparison.difference))),
            (
                "step",
                .object(
                    [("from", row.method.base.map { .string($0.rawValue) } ?? .null)] + JSON.members(of: row.step))
            ), ("bits", row.size.meanBitsJSON), ("bytes", .int(row.size.quantizedBytes)),
        ])
    }

    /// Comma-separated values; what is not known is empty.
    var csv: String {
        func text(_ value: Double?) -> String { value.map { "\($0)" } ?? "" }
        let head =
            "widths,method,images,top1,agreement,logitSQNR,difference,from,step,stepLow,stepHigh,weightBits,"
            + "activationBits,bytes"
        let lines = rows.map { row in
            let comparison = row.comparison
            return [
                row.widths, row.method.rawValue, "\(comparison.count)", text(comparison.quantizedTop1?.value),
                text(comparison.agreement?.value), text(comparison.logitSQNR), text(comparison.difference?.value),
                row.method.base?.rawValue ?? "", text(row.step?.value), text(row.step?.interval95.lowerBound),
                text(row.step?.interval95.upperBound), text(row.size.meanWeightBits),
                text(row.size.meanActivationBits ?? 32), "\(row.size.quantizedBytes)",
            ].joined(separator: ",")
        }
        return ([head] + lines).joined(separator: "\n")
    }

    /// Two tables for a person: accuracies, and what each method adds to its base.
    var table: String {
        var lines = [measure, header]
        for method in SweepMethod.allCases {
            lines.append(line(method.rawValue, of: method) { figure($0) })
        }
        if let float = rows.first?.comparison.floatTop1 {
            lines.append("float".padded(to: 24) + fixed(100 * float.value, 2))
        }
        guard rows.contains(where: { $0.step != nil }) else { return lines.joined(separator: "\n") }
        lines += ["", "points gained, with the paired 95 % interval (! worse beyond it)", header]
        for method in SweepMethod.allCases {
            guard let base = method.base else { continue }
            let label = method == .all ? "all: + correction" : method.rawValue
            lines.append(
                line(base == .naive ? "\(label) over naive" : label, of: method) { row in
                    row.step.map(SweepReport.difference) ?? ""
                })
        }
        return lines.joined(separator: "\n")
    }

    private var measure: String {
        let images = (rows.first?.comparison.count ?? 0).grouped
        switch work.judgement {
        case .classes where rows.first?.comparison.isLabelled == true: return "top-1 in percent, \(images) images"
        case .classes: return "no labels: agreement with the float net in percent, \(images) images"
        case .pixels: return "pixels agreeing with the float net in percent, \(images) images"
        case .values: return "no classes in '\(work.outputName)': output SQNR in dB, \(images) images"
        }
    }

    private var widths: [String] {
        rows.map(\.widths).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }

    private var header: String { "".padded(to: 24) + widths.map { $0.padded(to: 14) }.joined() }

    private func line(_ label: String, of method: SweepMethod, _ cell: (Row) -> String) -> String {
        let cells = widths.map { width in
            rows.first { $0.widths == width && $0.method == method }.map(cell) ?? ""
        }
        return label.padded(to: 24) + cells.map { $0.padded(to: 14) }.joined()
    }

    private func figure(_ row: Row) -> String {
        guard let share = row.comparison.quantizedTop1 ?? row.comparison.agreement else {
            return row.comparison.logitSQNR.map { fixed($0, 1) } ?? "-"
        }
        return fixed(100 * share.value, 2)
    }

    private static func difference(_ step: PairedDifference) -> String {
        let half = 50 * (step.interval95.upperBound - step.interval95.lowerBound)
        let sign = step.value > 0 ? "+" : ""
        return "\(sign)\(fixed(100 * step.value, 2)) ± \(fixed(half, 2))"
            + (step.interval95.upperBound < 0 ? "!" : "")
    }
}
