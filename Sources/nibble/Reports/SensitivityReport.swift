import Dispatch
import Engine
import Glibc
import NetIO
import Quant
import Terminal
import Workbench

/// What each layer costs when it alone is quantized, at each width.
struct SensitivityReport {
    /// A layer at so many bits, and the difference to the float net.
    struct Row {
        let layer: Int
        let bits: Int
        let change: PairedDifference
    }

    private let work: Workload
    /// The images looked at.
    let images: Int
    /// The least loss first; where it is the same, fewer bits.
    let rows: [Row]
    /// Whether every layer was measured at every width.
    let isComplete: Bool

    /// Measures; an interrupt (Ctrl-C) ends that early, a second one the program.
    init(_ work: Workload, _ calibration: Calibration) async throws {
        let pass = SensitivityPass(work.subject(cacheBudget: CheckpointCache.standardBudget))
        let keys = Sensitivity.allWidths(of: work.configuration)
        let line = ProgressLine("sensitivity", total: keys.count * pass.imageCount)
        let flag = CancellationFlag()
        let interrupt = Interrupt { flag.cancel() }
        defer {
            interrupt.end()
            line.finish()
        }
        var rows: [Row] = []
        do {
            try await pass.run(keys, calibration, cancelled: flag) { key, change in
                if case .bits(let bits) = key.settings.weights {
                    rows.append(Row(layer: key.layer, bits: bits, change: change))
                }
                line.show(images: rows.count * pass.imageCount)
            }
        } catch is Cancelled {
            // What was measured before stays true.
        }
        self.work = work
        images = pass.imageCount
        isComplete = rows.count == keys.count
        self.rows = rows.sorted { ($1.change.value, $0.bits, $0.layer) < ($0.change.value, $1.bits, $1.layer) }
    }

    /// The rows as JSON.
    var json: JSON {
        .object([
            ("images", .int(images)), ("complete", .bool(isComplete)),
            (
                "layers",
                .array(
                    rows.map { row in
                        .object(
                            [
                                ("name", .string(work.net.layers[row.layer].name)), ("bits", .int(row.bits)),
                            ] + JSON.members(of: row.change))
                    })
            ),
        ])
    }

    /// A table for a person.
    var lines: [String] {
        let what = work.measured.images.labels == nil ? "agreement" : "top-1"
        let width = rows.map { work.net.layers[$0.layer].name.count }.max() ?? 0
        let head =
            "each layer alone on \(images.grouped) images: points of \(what) with the paired 95 % interval"
            + (isComplete ? "" : ", interrupted after \(rows.count) measurements")
        return [head]
            + rows.map { row in
                let half = 50 * (row.change.interval95.upperBound - row.change.interval95.lowerBound)
                let points = fixed(100 * row.change.value, 2).padded(to: 7, alignment: .trailing)
                return
                    "\(work.net.layers[row.layer].name.padded(to: width))  \(row.bits) bits  \(points) ± \(fixed(half, 2))"
            }
    }
}
