import ArgumentParser
import Glibc
import NetIO

/// The net a command works on: an ONNX file, or a bundled net by its name.
struct ModelArgument: ParsableArguments {
    @Argument(help: "The net: an ONNX file, or the name of a sample net.")
    var model: String

    @OptionGroup var inputs: InputOptions

    /// The sample net named, if no file of that name exists and there is such a net.
    func sample() throws -> SampleNet? {
        guard access(model, F_OK) != 0, !model.contains("/"), !model.hasSuffix(".onnx") else { return nil }
        return try SampleNets()[model]
    }

    /// The path of the ONNX file.
    func path(_ sample: SampleNet?) -> String { sample?.file ?? model }

    /// The net that the argument names.
    func file(_ sample: SampleNet?) throws -> OnnxFile {
        try OnnxFile(path: path(sample), options: try inputs.importOptions())
    }

    /// The argument of another command.
    init(_ model: String, _ inputs: InputOptions) {
        self.model = model
        self.inputs = inputs
    }

    init() {}
}
