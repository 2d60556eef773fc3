/// What an experiment found.
public struct ExperimentReport: Sendable {
    /// The experiment's name, and that of its files.
    public let name: String
    /// The findings in sentences, one a line.
    public let summary: [String]
    /// The figures.
    public let tables: [ResultTable]
    /// The figures as curves.
    public let plots: [LinePlot]

    /// A report.
    public init(name: String, summary: [String], tables: [ResultTable], plots: [LinePlot]) {
        self.name = name
        self.summary = summary
        self.tables = tables
        self.plots = plots
    }
}
