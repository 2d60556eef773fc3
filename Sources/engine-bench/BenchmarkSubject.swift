import Engine
import Net
import NetIO
import Quant

/// Why a line or an argument cannot be carried out.
enum BenchmarkError: Error {
    case usage
    case unknown(String)
}

/// A net and images, read once.
struct BenchmarkSubject {
    let net: LayerGraph
    let images: LabeledImages
    let preprocessing: Preprocessing
    let isa: InstructionSet

    /// Reads what the arguments name.
    init(_ arguments: [String]) throws {
        guard arguments.count == 5, let scale = Float(arguments[2]) else { throw BenchmarkError.usage }
        func numbers(_ list: String) -> [Float] { list.split(separator: ",").compactMap { Float($0) } }
        net = LayerGraph(try OnnxFile(path: arguments[0]).graph)
        images = try DataReader.images(at: arguments[1]).images
        preprocessing = Preprocessing(
            scale: scale, mean: numbers(arguments[3]), standardDeviation: numbers(arguments[4]))
        isa = try InstructionSet.fromEnvironment()
    }

    /// The first images.
    func source(_ count: Int) -> ImageSource { ImageSource(images.prefix(count), preprocessing) }

    func options(threads: Int) -> RunOptions { RunOptions(threads: threads, isa: isa) }
}
