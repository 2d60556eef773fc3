import FoundationEssentials
import Net
import OnnxProto

/// A value known while a model is read.
enum Constant: Sendable {
    case real(Tensor)
    case integer(Shape, [Int64])

    var shape: Shape {
        switch self {
        case .real(let tensor): tensor.shape
        case .integer(let shape, _): shape
        }
    }

    /// The values as integers, if that is what they are.
    var integers: [Int64]? {
        if case .integer(_, let values) = self { values } else { nil }
    }

    /// The values as single-precision reals, whatever their stored type.
    var real: Tensor {
        switch self {
        case .real(let tensor): tensor
        case .integer(let shape, let values): Tensor(shape: shape, values: values.map(Float.init))
        }
    }

    /// The values in double precision.
    var doubles: [Double] {
        switch self {
        case .real(let tensor): tensor.values.map(Double.init)
        case .integer(_, let values): values.map(Double.init)
        }
    }
}

/// Decodes stored tensors: typed fields, raw bytes, or bytes in a file beside the model.
struct TensorDecoder {
    /// The directory that external data may lie in.
    let directory: String
    /// Whether a value that is not finite is an error.
    var refusesNonFinite = true

    /// The values of a stored tensor.
    func decode(_ tensor: OnnxTensor) throws(OnnxError) -> Constant {
        let shape = try shape(of: tensor)
        let external = tensor.dataLocation == .external
        let raw = external ? try externalData(of: tensor) : tensor.rawData
        let isRaw = external || !tensor.rawData.isEmpty
        switch tensor.dataType {
        case 1:
            let values = isRaw ? try read(raw, shape, tensor) { Float(bitPattern: $0) } : tensor.floatData
            return .real(try checked(values, shape, tensor))
        case 10:
            let halves: [UInt16] =
                isRaw
                ? try read(raw, shape, tensor) { $0 } : tensor.int32Data.map { UInt16(truncatingIfNeeded: $0) }
            return .real(try checked(halves.map(TensorDecoder.half), shape, tensor))
        case 16:
            let halves: [UInt16] =
                isRaw
                ? try read(raw, shape, tensor) { $0 } : tensor.int32Data.map { UInt16(truncatingIfNeeded: $0) }
            return .real(try checked(halves.map { Float(bitPattern: UInt32($0) << 16) }, shape, tensor))
        case 11:
            let values =
                isRaw
                ? try read(raw, shape, tensor) { (bits: UInt64) in Float(Double(bitPattern: bits)) }
                : tensor.doubleData.map(Float.init)
            return .real(try checked(values, shape, tensor))
        case 7:
            let values = isRaw ? try read(raw, shape, tensor) { Int64(bitPattern: $0) } : tensor.int64Data
            return .integer(shape, try counted(values, shape, tensor))
        case 6:
            let values =
                isRaw
                ? try read(raw, shape, tensor) { (bits: UInt32) in Int64(Int32(bitPattern: bits)) }
                : tensor.int32Data.map(Int64.init)
            return .integer(shape, try counted(values, shape, tensor))
        case 4:
            let values =
                isRaw
                ? try read(raw, shape, tensor) { (bits: UInt16) in Int64(bits) } : tensor.int32Data.map(Int64.init)
            return .integer(shape, try counted(values, shape, tensor))
        case 5:
            let values =
                isRaw
                ? try read(raw, shape, tensor) { (bits: UInt16) in Int64(Int16(bitPattern: bits)) }
                : tensor.int32Data.map(Int64.init)
            return .integer(shape, try counted(values, shape, tensor))
        case 12, 13:
            let values =
                isRaw
                ? try tensor.dataType == 12
                    ? read(raw, shape, tensor) { (bits: UInt32) in Int64(bits) }
                    : read(raw, shape, tensor) { (bits: UInt64) in Int64(truncatingIfNeeded: bits) }
                : tensor.uint64Data.map { Int64(truncatingIfNeeded: $0) }
            return .integer(shape, try counted(values, shape, tensor))
        case 2, 9:
            let values =
                isRaw
                ? try read(raw, shape, tensor) { (byte: UInt8) in Int64(byte) } : tensor.int32Data.map(Int64.init)
            return .integer(shape, try counted(values, shape, tensor))
        case 21, 22:
            return .integer(shape, try nibbles(isRaw ? raw : nil, shape, tensor))
        case 3:
            let values =
                isRaw
                ? try read(raw, shape, tensor) { (byte: UInt8) in Int64(Int8(bitPattern: byte)) }
                : tensor.int32Data.map(Int64.init)
            return .integer(shape, try counted(values, shape, tensor))
        default:
            throw .tensor(
                name: tensor.name,
                reason: "its element type \(tensor.dataType) is not supported (real and integer types are)")
        }
    }

    /// Two 4-bit numbers in each byte, the first in the low half.
    private func nibbles(_ raw: Data?, _ shape: Shape, _ tensor: OnnxTensor) throws(OnnxError) -> [Int64] {
        let bytes = raw.map { [UInt8]($0) } ?? tensor.int32Data.map { UInt8(truncatingIfNeeded: $0) }
        guard bytes.count == (shape.count + 1) / 2 else {
            throw .tensor(
                name: tensor.name,
                reason: "it holds \(bytes.count) bytes where \(shape) needs \((shape.count + 1) / 2)")
        }
        let isSigned = tensor.dataType == 22
        return (0..<shape.count).map { index in
            let half = index % 2 == 0 ? bytes[index / 2] & 15 : bytes[index / 2] >> 4
            return isSigned && half > 7 ? Int64(half) - 16 : Int64(half)
        }
    }

    /// A tensor's shape, checked.
    func shape(of tensor: OnnxTensor) throws(OnnxError) -> Shape {
        guard tensor.dims.allSatisfy({ $0 >= 0 && $0 <= 1 << 40 }),
            let shape = Shape(validating: tensor.dims.map(Int.init))
        else { throw .tensor(name: tensor.name, reason: "its dimensions \(tensor.dims) are not a valid shape") }
        return shape
    }

    private func counted<Value>(
        _ values: [Value], _ shape: Shape, _ tensor: OnnxTensor
    ) throws(OnnxError) -> [Value] {
        guard values.count == shape.count else {
            throw .tensor(
                name: tensor.name, reason: "it holds \(values.count) values where \(shape) needs \(shape.count)")
        }
        return values
    }

    private func checked(_ values: [Float], _ shape: Shape, _ tensor: OnnxTensor) throws(OnnxError) -> Tensor {
        let values = try counted(values, shape, tensor)
        guard !refusesNonFinite || values.allSatisfy(\.isFinite) else {
            throw .tensor(
                name: tensor.name, reason: "it holds values that are not finite: train or export the net again")
        }
        return Tensor(shape: shape, values: values)
    }

    /// Little-endian words from raw bytes; the size is checked before anything is allocated.
    private func read<Word: FixedWidthInteger, Value>(
        _ data: Data, _ shape: Shape, _ tensor: OnnxTensor, _ convert: (Word) -> Value
    ) throws(OnnxError) -> [Value] {
        let width = Word.bitWidth / 8
        guard data.count == shape.count * width else {
            throw .tensor(
                name: tensor.name,
                reason: "it holds \(data.count) bytes where \(shape) needs \(shape.count * width)")
        }
        return data.withUnsafeBytes { bytes in
            [Value](unsafeUninitializedCapacity: shape.count) { values, count in
                for index in 0..<shape.count {
                    values.initializeElement(
                        at: index,
                        to: convert(
                            Word(littleEndian: bytes.loadUnaligned(fromByteOffset: index * width, as: Word.self))))
                }
                count = shape.count
            }
        }
    }

    /// Bytes from a file beside the model; never from outside its directory.
    private func externalData(of tensor: OnnxTensor) throws(OnnxError) -> Data {
        var fields: [String: String] = [:]
        for entry in tensor.externalData { fields[entry.key] = entry.value }
        guard let location = fields["location"], !location.isEmpty else {
            throw .tensor(name: tensor.name, reason: "its external data names no file")
        }
        let parts = location.split(separator: "/", omittingEmptySubsequences: false)
        guard !location.hasPrefix("/"), !parts.contains(".."), !location.contains("\0") else {
            throw .tensor(
                name: tensor.name, reason: "its external data '\(location)' lies outside the model's directory")
        }
        let path = directory + "/" + location
        guard let offset = Int(fields["offset"] ?? "0"), offset >= 0 else {
            throw .tensor(name: tensor.name, reason: "its external data has a bad offset")
        }
        let file: MappedFile
        do {
            file = try MappedFile(path: path, within: directory)
        } catch {
            throw .tensor(name: tensor.name, reason: "its external data: \(error)")
        }
        // A length that is no number is not taken for a missing one.
        let length = fields["length"].map { Int($0) ?? -1 } ?? file.count - offset
        guard length >= 0, offset <= file.count, length <= file.count - offset else {
            throw .tensor(
                name: tensor.name,
                reason: "its external data runs past the end of '\(location)' (\(file.count) bytes)")
        }
        return file.data(offset: offset, length: length)
    }

    /// IEEE half precision, by its bits.
    static func half(_ bits: UInt16) -> Float {
        let sign: Float = bits >> 15 == 0 ? 1 : -1
        let exponent = Int(bits >> 10) & 31
        let fraction = Float(bits & 1023)
        switch exponent {
        case 0: return sign * fraction * 0x1p-24
        case 31: return fraction == 0 ? sign * .infinity : .nan
        default: return sign * (1024 + fraction) * Float(sign: .plus, exponent: exponent - 25, significand: 1)
        }
    }
}
