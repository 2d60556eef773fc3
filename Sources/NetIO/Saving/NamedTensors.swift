/// Tensors by name, with words about them: what a checkpoint holds.
///
/// The file is in the safetensors format: the length of a header in 8 bytes, the header in JSON, then the values as 32-bit floats,
/// all little-endian. The header gives type, shape and place of each tensor, and text by name in `__metadata__`.
public struct NamedTensors: Hashable, Sendable {
    /// The values of each tensor, flat.
    public var tensors: [String: [Float]]
    /// Text by name.
    public var metadata: [String: String]

    /// Tensors and text.
    public init(tensors: [String: [Float]] = [:], metadata: [String: String] = [:]) {
        self.tensors = tensors
        self.metadata = metadata
    }

    private static let metadataName = "__metadata__"
    /// A header beyond this is none.
    private static let largestHeader = 1 << 26

    /// Reads a file.
    public init(path: String) throws(NamedTensorsError) {
        let file: MappedFile
        do throws(MappedFile.Failure) {
            file = try MappedFile(path: path)
        } catch {
            throw .unreadable(path: path, reason: error.reason)
        }
        let bytes = [UInt8](file.data(offset: 0, length: file.count))
        guard bytes.count >= 8 else { throw .damaged(path: path, reason: "it is shorter than its header") }
        let length = bytes[..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard length <= UInt64(Self.largestHeader), Int(length) <= bytes.count - 8 else {
            throw .damaged(path: path, reason: "it is shorter than its header")
        }
        let header: JSON
        do throws(JSON.ParsingError) {
            header = try JSON(parsing: bytes[8..<8 + Int(length)])
        } catch {
            throw .damaged(path: path, reason: "its header is not JSON")
        }
        guard case .object(let members) = header else {
            throw .damaged(path: path, reason: "its header is no object")
        }
        let values = bytes[(8 + Int(length))...]
        self.init()
        for member in members {
            if member.name == Self.metadataName {
                guard case .object(let words) = member.value else { continue }
                for word in words { if case .string(let text) = word.value { metadata[word.name] = text } }
                continue
            }
            guard case .string("F32")? = member.value["dtype"],
                case .array(let ends)? = member.value["data_offsets"],
                ends.count == 2, case .int(let start) = ends[0], case .int(let end) = ends[1], start >= 0,
                start <= end, end <= values.count, (end - start) % 4 == 0
            else { throw .damaged(path: path, reason: "tensor '\(member.name)' is not where its header says") }
            let own = values[(values.startIndex + start)..<(values.startIndex + end)]
            tensors[member.name] = (0..<own.count / 4).map { index in
                let first = own.startIndex + 4 * index
                return Float(
                    bitPattern: (0..<4).reduce(UInt32(0)) { $0 | UInt32(own[first + $1]) << (8 * UInt32($1)) })
            }
        }
    }

    /// The file's bytes; the same tensors and text give the same bytes.
    public var bytes: [UInt8] {
        var (members, values): ([(String, JSON)], [UInt8]) = ([], [])
        if !metadata.isEmpty {
            members.append(
                (
                    Self.metadataName,
                    .object(metadata.sorted { $0.key < $1.key }.map { ($0.key, JSON.string($0.value)) })
                ))
        }
        values.reserveCapacity(tensors.values.reduce(0) { $0 + 4 * $1.count })
        for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) {
            let start = values.count
            for value in tensor {
                let word = value.bitPattern
                for byte in 0..<4 { values.append(UInt8(truncatingIfNeeded: word >> (8 * UInt32(byte)))) }
            }
            members.append(
                (
                    name,
                    .object([
                        ("dtype", .string("F32")), ("shape", .array([.int(tensor.count)])),
                        ("data_offsets", .array([.int(start), .int(values.count)])),
                    ])
                ))
        }
        var header = Array(JSON.object(members).text.utf8)
        // Values start at a multiple of eight, as the format asks.
        header += [UInt8](repeating: UInt8(ascii: " "), count: (8 - header.count % 8) % 8)
        return (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) } + header + values
    }

    /// Writes a file, whole or not at all.
    public func write(to path: String) throws(SavingError) { try AtomicFile.write(bytes, to: path) }
}

/// Why a file of tensors cannot be read.
public enum NamedTensorsError: Error, Hashable, Sendable {
    /// The file could not be opened or read.
    case unreadable(path: String, reason: String)
    /// The file is not what it should be.
    case damaged(path: String, reason: String)
}

extension NamedTensorsError: CustomStringConvertible {
    /// What is wrong and where, in one line.
    public var description: String {
        switch self {
        case .unreadable(let path, let reason): "cannot read \(path): \(reason)"
        case .damaged(let path, let reason): "\(path) is damaged: \(reason); start again without --resume"
        }
    }
}
