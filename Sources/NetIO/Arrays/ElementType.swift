/// The type of an array's stored elements.
enum ElementType: String, Hashable, Sendable, CaseIterable {
    case bool = "b1"
    case uint8 = "u1"
    case int8 = "i1"
    case uint16 = "u2"
    case int16 = "i2"
    case uint32 = "u4"
    case int32 = "i4"
    case uint64 = "u8"
    case int64 = "i8"
    case float16 = "f2"
    case float32 = "f4"
    case float64 = "f8"

    /// Bytes per element in the file.
    var storedBytes: Int {
        switch self {
        case .bool, .uint8, .int8: 1
        case .uint16, .int16, .float16: 2
        case .uint32, .int32, .float32: 4
        case .uint64, .int64, .float64: 8
        }
    }

    /// Bytes per element in a `NumericArray`.
    var loadedBytes: Int {
        switch self {
        case .bool, .uint8: 1
        case .float16, .float32, .float64: 4
        case .int8, .uint16, .int16, .uint32, .int32, .uint64, .int64: 8
        }
    }

    /// An array without elements, ready for this type's.
    var emptyValues: NumericArray.Values {
        switch self {
        case .bool, .uint8: .bytes([])
        case .float16, .float32, .float64: .floats([])
        case .int8, .uint16, .int16, .uint32, .int32, .uint64, .int64: .ints([])
        }
    }
}

/// Which byte of an element comes first in the file.
enum ByteOrder: Hashable, Sendable {
    case little, big
}

extension ElementType {
    /// Appends the elements of `raw` to integers; `nil` if one exceeds an `Int`.
    func appendIntegers(_ raw: UnsafeRawBufferPointer, _ order: ByteOrder, to values: inout [Int]) -> Void? {
        switch self {
        case .int8: ElementType.append(Int8.self, raw, order, to: &values)
        case .uint16: ElementType.append(UInt16.self, raw, order, to: &values)
        case .int16: ElementType.append(Int16.self, raw, order, to: &values)
        case .uint32: ElementType.append(UInt32.self, raw, order, to: &values)
        case .int32: ElementType.append(Int32.self, raw, order, to: &values)
        case .uint64: ElementType.append(UInt64.self, raw, order, to: &values)
        case .int64: ElementType.append(Int64.self, raw, order, to: &values)
        case .bool, .uint8, .float16, .float32, .float64: nil
        }
    }

    /// Appends the elements of `raw` to single-precision reals: halves exactly, doubles and wide integers rounded.
    func appendReals(_ raw: UnsafeRawBufferPointer, _ order: ByteOrder, to values: inout [Float]) {
        switch self {
        case .bool, .uint8: values.append(contentsOf: raw.lazy.map { Float($0) })
        case .int8: ElementType.append(raw, order, to: &values) { (stored: Int8) in Float(stored) }
        case .uint16: ElementType.append(raw, order, to: &values) { (stored: UInt16) in Float(stored) }
        case .int16: ElementType.append(raw, order, to: &values) { (stored: Int16) in Float(stored) }
        case .uint32: ElementType.append(raw, order, to: &values) { (stored: UInt32) in Float(stored) }
        case .int32: ElementType.append(raw, order, to: &values) { (stored: Int32) in Float(stored) }
        case .uint64: ElementType.append(raw, order, to: &values) { (stored: UInt64) in Float(stored) }
        case .int64: ElementType.append(raw, order, to: &values) { (stored: Int64) in Float(stored) }
        case .float16:
            ElementType.append(raw, order, to: &values) { (bits: UInt16) in Float(Float16(bitPattern: bits)) }
        case .float32: ElementType.append(raw, order, to: &values) { (bits: UInt32) in Float(bitPattern: bits) }
        case .float64:
            ElementType.append(raw, order, to: &values) { (bits: UInt64) in Float(Double(bitPattern: bits)) }
        }
    }

    @inline(__always)
    private static func append<Stored: FixedWidthInteger & BitwiseCopyable>(
        _ raw: UnsafeRawBufferPointer, _ order: ByteOrder, to values: inout [Float], _ real: (Stored) -> Float
    ) {
        for offset in stride(from: 0, to: raw.count, by: MemoryLayout<Stored>.size) {
            values.append(real(load(raw, offset, order)))
        }
    }

    private static func append<Stored: FixedWidthInteger & BitwiseCopyable>(
        _ type: Stored.Type, _ raw: UnsafeRawBufferPointer, _ order: ByteOrder, to values: inout [Int]
    ) -> Void? {
        for offset in stride(from: 0, to: raw.count, by: MemoryLayout<Stored>.size) {
            let stored: Stored = load(raw, offset, order)
            guard let value = Int(exactly: stored) else { return nil }
            values.append(value)
        }
        return ()
    }

    private static func load<Stored: FixedWidthInteger & BitwiseCopyable>(
        _ raw: UnsafeRawBufferPointer, _ offset: Int, _ order: ByteOrder
    ) -> Stored {
        let stored = raw.loadUnaligned(fromByteOffset: offset, as: Stored.self)
        return order == .big ? Stored(bigEndian: stored) : Stored(littleEndian: stored)
    }
}
