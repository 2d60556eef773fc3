import Glibc
import NetIO
import Terminal
import Training

/// An experiment's report as text, as JSON and as files.
extension ExperimentReport {
    /// The findings, then the tables in columns.
    var text: String { ([summary.joined(separator: "\n")] + tables.map(\.text)).joined(separator: "\n\n") }

    var json: JSON {
        .object([
            ("experiment", .string(name)), ("summary", .array(summary.map { .string($0) })),
            (
                "tables",
                .array(
                    tables.map { table in
                        .object([
                            ("title", .string(table.title)),
                            ("rows", .array(table.rows.map { .object(Array(zip(table.columns, $0.map(\.json)))) })),
                        ])
                    })
            ),
        ])
    }

    /// Writes JSON, and a CSV or SVG file for each table or plot, into a folder, whole or not at all each; returns their paths.
    func save(in folder: String) throws -> [String] {
        if mkdir(folder, 0o777) != 0, errno != EEXIST {
            throw Failure("\(folder): cannot be made: \(String(cString: strerror(errno)))")
        }
        var files = [("\(name).json", json.indented + "\n")]
        files += tables.enumerated().map { ("\(name)-\($0.offset + 1).csv", $0.element.csv) }
        files += plots.enumerated().map { ("\(name)-\($0.offset + 1).svg", $0.element.svg) }
        return try files.map { file, text in
            try AtomicFile.write(text, to: "\(folder)/\(file)")
            return "\(folder)/\(file)"
        }
    }
}

extension ResultTable {
    fileprivate var text: String {
        let cells = [columns] + rows.map { $0.map(\.text) }
        let widths = columns.indices.map { column in cells.map { $0[column].count }.max() ?? 0 }
        let lines = cells.map { row in
            zip(row, widths).map { $0.padded(to: $1, alignment: .trailing) }.joined(separator: "  ")
        }
        return ([title] + lines).joined(separator: "\n")
    }
}

extension ResultTable.Cell {
    fileprivate var text: String {
        switch self {
        case .text(let text): text
        case .number(let number):
            number == number.rounded() && abs(number) < 1e7 ? "\(Int(number))" : "\(rounded(number))"
        case .none: "-"
        }
    }

    private func rounded(_ number: Double) -> String {
        guard number.isFinite else { return "-" }
        let digits = abs(number) < 1 && abs(number) > 0.99 ? 1e5 : 1e3
        return "\((number * digits).rounded() / digits)"
    }

    fileprivate var json: JSON {
        switch self {
        case .text(let text): .string(text)
        case .number(let number): .number(number)
        case .none: .null
        }
    }
}
