import CZlib
import Glibc
import Net
import NetIOTesting
import Testing

@testable import NetIO

@Suite struct NumericArrayTests {
    let files: DataFiles
    init() throws { files = try DataFiles() }

    @Test(arguments: [1, 2, 3] as [UInt8])
    func npyVersionsReadAlike(version: UInt8) throws {
        let path = files.write(ArrayFile.npy("|u1", "(2, 3)", [1, 2, 3, 4, 5, 255], version: version), "a.npy")
        let array = try NumericArray(path: path)
        #expect(array.shape == [2, 3])
        #expect(array.values == .bytes([1, 2, 3, 4, 5, 255]))
    }

    @Test func everyElementTypeKeepsItsValues() throws {
        func ints(_ type: String, _ data: [UInt8]) throws -> [Int] {
            let array = try NumericArray(path: files.write(ArrayFile.npy(type, "(2,)", data), "a.npy"))
            guard case .ints(let values) = array.values else { return [] }
            return values
        }
        func floats(_ type: String, _ data: [UInt8]) throws -> [Float] {
            let array = try NumericArray(path: files.write(ArrayFile.npy(type, "(2,)", data), "a.npy"))
            guard case .floats(let values) = array.values else { return [] }
            return values
        }
        #expect(try ints("|i1", [0xff, 7]) == [-1, 7])
        #expect(try ints("<u2", [0xff, 0xff, 1, 0]) == [65535, 1])
        #expect(try ints("<i2", [0xff, 0xff, 1, 0]) == [-1, 1])
        #expect(try ints(">i4", ArrayFile.bigEndian(Int32(-5)) + ArrayFile.bigEndian(Int32(70000))) == [-5, 70000])
        #expect(try ints("<u4", ArrayFile.littleEndian(UInt32.max) + [1, 0, 0, 0]) == [4_294_967_295, 1])
        #expect(
            try ints("<i8", ArrayFile.littleEndian(Int64.min) + ArrayFile.littleEndian(Int64(9))) == [Int.min, 9])
        #expect(
            try floats("<f2", ArrayFile.littleEndian(Float16(-1.5).bitPattern) + ArrayFile.littleEndian(UInt16(1)))
                == [-1.5, 5.9604645e-08])
        let f4 = ArrayFile.littleEndian(Float(0.1).bitPattern) + ArrayFile.littleEndian(Float(-3e38).bitPattern)
        #expect(try floats("<f4", f4) == [0.1, -3e38])
        let f8 = ArrayFile.bigEndian(Double(0.1).bitPattern) + ArrayFile.bigEndian(Double(-2).bitPattern)
        #expect(try floats(">f8", f8) == [0.1, -2])
        let bool = try NumericArray(path: files.write(ArrayFile.npy("|b1", "(2,)", [1, 0]), "b.npy"))
        #expect(bool.values == .bytes([1, 0]))
    }

    @Test func aScalarHasNoAxes() throws {
        let array = try NumericArray(path: files.write(ArrayFile.npy("|u1", "()", [9]), "a.npy"))
        #expect(array.shape.rank == 0 && array.values == .bytes([9]))
    }

    @Test func everyTruncationIsAnError() throws {
        let whole = [
            ArrayFile.npy("<f4", "(2, 2)", [UInt8](repeating: 1, count: 16)),
            ArrayFile.npy("|u1", "(3,)", [1, 2, 3], version: 2), ArrayFile.idx(8, [2, 2], [1, 2, 3, 4]),
        ]
        for bytes in whole {
            _ = try NumericArray(path: files.write(bytes, "whole"))
            for count in 0..<bytes.count {
                let path = files.write(Array(bytes.prefix(count)), "part")
                #expect(throws: DataError.self) { try NumericArray(path: path) }
            }
            #expect(throws: DataError.self) { try NumericArray(path: files.write(bytes + [0], "longer")) }
        }
    }

    @Test func everyChangedHeaderByteIsReadOrRefusedWithoutATrap() throws {
        let bytes = ArrayFile.npy("<i2", "(2, 2)", [1, 0, 2, 0, 3, 0, 4, 0])
        for index in 0..<bytes.count - 8 {
            for value in [0, 0x27, 0x28, 0x39, 0xff] as [UInt8] {
                var changed = bytes
                changed[index] = value
                let path = files.write(changed, "changed.npy")
                if let array = try? NumericArray(path: path) { #expect(array.shape.count == array.values.count) }
            }
        }
    }

    @Test func hugeCountsAreRefusedBeforeAllocation() throws {
        let shapes = [
            "(9223372036854775807, 2)", "(4611686018427387904,)", "(1000000000000,)", "(99999999999999999999,)",
        ]
        for shape in shapes {
            let path = files.write(ArrayFile.npy("<f8", shape, [0, 0, 0, 0, 0, 0, 0, 0]), "huge.npy")
            #expect(throws: DataError.self) { try NumericArray(path: path) }
        }
        let idx = files.write(ArrayFile.idx(8, [.max, .max, .max], [1]), "huge-idx")
        #expect(throws: DataError.self) { try NumericArray(path: idx) }
    }

    @Test func columnOrderIsNamedInTheError() throws {
        let text = "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2), }\n"
        let bytes =
            [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(text.utf8.count), 0] + Array(text.utf8)
            + [UInt8](repeating: 0, count: 16)
        let path = files.write(bytes, "f.npy")
        #expect(throws: DataError.columnMajor(file: path)) { try NumericArray(path: path) }
    }

    @Test func objectsAndRecordsAreRefusedByTheirType() throws {
        let path = files.write(ArrayFile.npy("|O", "(1,)", [0, 0, 0, 0, 0, 0, 0, 0]), "o.npy")
        #expect(throws: DataError.unsupportedType(file: path, type: "|O")) { try NumericArray(path: path) }
    }

    @Test func gzippedIdxReadsLikeThePlainFile() throws {
        let bytes = ArrayFile.idx(8, [2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8])
        let path = files.path("a.gz")
        let file = gzopen(path, "wb")
        gzwrite(file, bytes, UInt32(bytes.count))
        gzclose(file)
        let array = try NumericArray(path: path)
        #expect(array.shape == [2, 2, 2])
        #expect(array.values == .bytes([1, 2, 3, 4, 5, 6, 7, 8]))
        #expect(try NumericArray(path: path, rows: 1).values == .bytes([1, 2, 3, 4]))
        var packed = [UInt8](repeating: 0, count: 256)
        let plain = fopen(path, "rb")
        packed.removeLast(packed.count - fread(&packed, 1, packed.count, plain))
        fclose(plain)
        for count in 0..<packed.count {
            let cut = files.write(Array(packed.prefix(count)), "cut.gz")
            #expect(throws: DataError.self) { try NumericArray(path: cut) }
        }
    }

    @Test func aPipeIsRefusedWithoutWaiting() {
        let path = files.path("pipe")
        mkfifo(path, 0o644)
        #expect(throws: DataError.self) { try NumericArray(path: path) }
        #expect(throws: DataError.self) { try NpzArchive(path: path) }
    }
}
