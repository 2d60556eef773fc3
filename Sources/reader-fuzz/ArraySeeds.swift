import CZlib
import Foundation
import Glibc
import NetIOTesting
import OnnxProto
import SwiftProtobuf

/// Small valid files of arrays.
enum ArraySeeds {
    static let npy = [
        npy("|u1", "(4, 1, 8, 8)", 256), npy("<f4", "(2, 3, 4, 4)", 384), npy("<f2", "(2, 4, 4, 3)", 192),
        npy(">i2", "(3, 5, 4)", 120), npy("<i8", "(2, 1, 2, 2)", 64), npy("<f8", "(1, 3, 2, 2)", 96),
    ]
    static let labels = [npy("<i8", "(3,)", 24), npy("|u1", "(3, 1)", 3), npy("<f4", "(3,)", 12)]
    static let labelText = [
        Array("3\n1\n7\n".utf8), Array("name,label\na,2\nb,9\nc,0\n".utf8), Array("# x\n\"1\";2\n".utf8),
    ]
    static let idx = [idx(8, [2, 3, 2], 12), idx(0x0d, [1, 1, 2, 2], 16)]
    /// Two records of CIFAR-10, labelled 0 and 1.
    static let cifar = [record(0) + record(1)]

    private static func record(_ label: UInt8) -> [UInt8] { [label] + (0..<3072).map { UInt8($0 % 251) } }

    private static func idx(_ type: UInt8, _ dimensions: [UInt32], _ count: Int) -> [UInt8] {
        ArrayFile.idx(type, dimensions, (0..<count).map { UInt8($0 % 61) })
    }

    /// A `.npy` file whose elements count up.
    static func npy(_ type: String, _ shape: String, _ count: Int) -> [UInt8] {
        ArrayFile.npy(type, shape, (0..<count).map { UInt8($0 % 61) })
    }

    /// Archives, stored and deflated; the last one holds 32 MiB of zeros in 32 KiB.
    static func npz() throws -> [[UInt8]] {
        let path = "/tmp/nibble-fuzz-\(getpid()).npz"
        defer { unlink(path) }
        let large = npy("|u1", "(32768, 1, 32, 32)", 0) + [UInt8](repeating: 0, count: 32 << 20)
        let own = [(name: "images.npy", bytes: npy[0]), (name: "labels.npy", bytes: npy("<i8", "(4,)", 32))]
        let other = [(name: "x.npy", bytes: npy[1]), (name: "y.npy", bytes: npy("|u1", "(2,)", 2))]
        return [(own, false), (other, true), ([(name: "x.npy", bytes: large)], true)].map { entries, deflated in
            ArrayFile.zip(entries, at: path, deflated: deflated)
            return contents(path)
        }
    }

    static func gzip(_ bytes: [UInt8]) -> [UInt8] {
        let path = "/tmp/nibble-fuzz-\(getpid()).gz"
        defer { unlink(path) }
        let file = gzopen(path, "wb")
        gzwrite(file, bytes, UInt32(bytes.count))
        gzclose(file)
        return contents(path)
    }

    /// Tensors of ONNX: raw and typed, of several types, and one whose data lies in another file.
    static func tensors() throws -> [[UInt8]] {
        var raw = OnnxTensor()
        raw.dims = [2, 1, 2, 2]
        raw.dataType = 2
        raw.rawData = Data([1, 2, 3, 4, 5, 6, 7, 8])
        var typed = raw
        typed.dataType = 1
        typed.rawData = Data()
        typed.floatData = (0..<8).map(Float.init)
        var integers = typed
        integers.dataType = 7
        integers.floatData = []
        integers.int64Data = Array(0..<8)
        var external = raw
        external.rawData = Data()
        external.dataLocation = .external
        external.externalData = [OnnxMutation.entry("location", "input.pb"), OnnxMutation.entry("length", "8")]
        return try [raw, typed, integers, external].map { try $0.serializedBytes() }
    }

    static func labelTensors() throws -> [[UInt8]] {
        var labels = OnnxTensor()
        labels.dims = [3]
        labels.dataType = 7
        labels.int64Data = [1, 2, 3]
        return [try labels.serializedBytes()]
    }
}
