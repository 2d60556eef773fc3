import Net
import OnnxProto

/// An array as a file holds it: elements in their own type, mapped or unpacked.
struct StoredArray: Sendable {
    let name: String
    let shape: Shape
    let type: ElementType
    let order: ByteOrder
    let bytes: StoredBytes

    /// The first `rows` entries of the first axis of an array, or all.
    init(_ source: ArraySource, rows: Int? = nil) throws(DataError) {
        name = source.name
        shape = source.header.shape(rows: rows)
        type = source.header.type
        order = source.header.order
        bytes = try source.stored(rows: rows)
    }

    /// The tensor in a `.pb` file, as ONNX writes its test data.
    init(tensorFile path: String, limits: DataLimits) throws(DataError) {
        let file = try MappedFile(dataPath: path)
        guard file.count <= limits.bytes else {
            throw .tooLarge(file: path, bytes: file.count, limit: limits.bytes)
        }
        guard let tensor = file.decoded(OnnxTensor.self) else { throw .unknownFormat(file: path) }
        name = path
        order = .little
        let constant: Constant
        do throws(OnnxError) {
            let decoder = TensorDecoder(directory: MappedFile.directory(of: path))
            if let type = ElementType(onnx: tensor.dataType), !tensor.rawData.isEmpty {
                shape = try decoder.shape(of: tensor)
                guard tensor.rawData.count == shape.count * type.storedBytes else {
                    throw .tensor(name: tensor.name, reason: "its bytes do not number what \(shape) needs")
                }
                self.type = type
                bytes = .unpacked([UInt8](tensor.rawData))
                return
            }
            constant = try decoder.decode(tensor)
        } catch {
            throw .undecodable(file: path, reason: "\(error)")
        }
        shape = constant.shape
        switch constant {
        case .real(let tensor):
            type = .float32
            bytes = .unpacked(tensor.values.withUnsafeBytes { [UInt8]($0) })
        case .integer(_, let values):
            type = .int64
            bytes = .unpacked(values.withUnsafeBytes { [UInt8]($0) })
        }
    }

    /// Whether a file is to be read as a tensor of ONNX: their first bytes say nothing, so the name decides.
    static func isTensorFile(_ path: String) -> Bool { path.hasSuffix(".pb") }
}

extension MappedFile {
    /// Maps a file of images or labels.
    convenience init(dataPath path: String) throws(DataError) {
        do throws(Failure) {
            try self.init(path: path)
        } catch {
            throw .unreadable(file: path, reason: error.reason)
        }
    }
}

extension ElementType {
    /// ONNX's number of a type (TensorProto.DataType).
    fileprivate init?(onnx number: Int32) {
        switch number {
        case 1: self = .float32
        case 2: self = .uint8
        case 3: self = .int8
        case 4: self = .uint16
        case 5: self = .int16
        case 6: self = .int32
        case 7: self = .int64
        case 9: self = .bool
        case 10: self = .float16
        case 11: self = .float64
        case 12: self = .uint32
        case 13: self = .uint64
        default: return nil
        }
    }

    /// Whether elements are real numbers, which are usually stored scaled already.
    var isReal: Bool { [.float16, .float32, .float64].contains(self) }
}
