/// The figures of an experiment, row by row.
public struct ResultTable: Hashable, Sendable {
    /// A cell.
    public enum Cell: Hashable, Sendable {
        case text(String)
        case number(Double)
        /// Nothing was computed.
        case none
    }

    /// What the table tells.
    public let title: String
    /// The columns' names.
    public let columns: [String]
    /// One cell for each column.
    public private(set) var rows: [[Cell]] = []

    /// A table without rows.
    public init(title: String, columns: [String]) {
        self.title = title
        self.columns = columns
    }

    /// Adds a row.
    public mutating func add(_ row: [Cell]) {
        precondition(row.count == columns.count, "a cell for each column")
        rows.append(row)
    }

    /// The table as RFC 4180 has it, a line for each row; numbers in full.
    public var csv: String {
        ([columns.map(ResultTable.quoted)] + rows.map { $0.map(\.csv) }).map { $0.joined(separator: ",") + "\n" }
            .joined()
    }

    fileprivate static func quoted(_ text: String) -> String {
        guard text.contains(where: { "\",\n\r".contains($0) }) else { return text }
        return "\"" + text.replacing("\"", with: "\"\"") + "\""
    }
}

extension ResultTable.Cell {
    fileprivate var csv: String {
        switch self {
        case .text(let text): ResultTable.quoted(text)
        case .number(let number): "\(number)"
        case .none: ""
        }
    }
}
