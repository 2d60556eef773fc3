import ArgumentParser
import NetIO
import Quant

/// Shows what a net consists of, what will be quantized, and what not.
struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Show layers, shapes, parameters, multiply-adds and operators; what will be quantized, and why not.")

    @OptionGroup var net: ModelArgument

    @Flag(help: "Print one JSON document and nothing else.")
    var json = false

    func run() throws {
        let file = try net.file(try net.sample())
        let report = InspectionReport(file: file, net: LayerGraph(file.graph))
        print(json ? report.json : report.text)
    }
}
