public import Net
import OnnxProto

/// A trained net as read from an ONNX file.
public struct OnnxFile: Sendable {
    /// The net, validated and with its shape arithmetic resolved.
    public let graph: Graph
    /// The SHA-256 of the file, in lower-case hexadecimal.
    public let sha256: String
    /// The version of the default operator set.
    public let opset: Int
    /// The file's size in bytes.
    public let byteCount: Int

    /// Reads a model.
    ///
    /// Every net is read for a batch of one image: shapes that a file computes from the batch size take the value they
    /// have for one image, and a batch is run as that many single images.
    ///
    /// - Parameters:
    ///   - path: the file; external data is looked for beside it only.
    ///   - options: what is known of the inputs.
    public init(path: String, options: ImportOptions = ImportOptions()) throws(OnnxError) {
        let file: MappedFile
        do {
            file = try MappedFile(path: path)
        } catch {
            throw .unreadable(path: path, reason: error.reason)
        }
        var name = path.split(separator: "/").last.map(String.init) ?? path
        if name.hasSuffix(".onnx") { name.removeLast(5) }
        let hash = FileHash(file)
        // Also after an error nobody may still read the file, which its owner is then free to change.
        defer { hash.wait() }
        guard let model = file.decoded(OnnxModel.self), model.hasGraph else { throw .notAModel(path: path) }
        var importer = try Importer(
            model: model, name: name, decoder: TensorDecoder(directory: MappedFile.directory(of: path)),
            options: options)
        graph = try importer.run()
        opset = importer.opset
        sha256 = hash.value
        byteCount = file.count
    }
}
