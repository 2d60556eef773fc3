import CZip
import Glibc
import Net

/// The named arrays of a `.npz` file: a zip archive of `.npy` files, stored or deflated.
///
/// The archive is opened anew for each array, so that a value of this type holds no file open.
public struct NpzArchive: Sendable {
    /// The file.
    public let path: String
    /// The arrays' names, in the file's order, without `.npy`.
    public let names: [String]

    private let limits: DataLimits

    /// Reads the archive's directory.
    public init(path: String) throws(DataError) { try self.init(path: path, limits: .standard) }

    init(path: String, limits: DataLimits) throws(DataError) {
        let archive = try ZipFile(path: path)
        self.path = path
        self.limits = limits
        names = archive.entryNames.filter { $0.hasSuffix(".npy") }.map { String($0.dropLast(4)) }
    }

    /// Reads an array.
    ///
    /// - Parameters:
    ///   - name: one of `names`.
    ///   - rows: how many entries of the first axis to read at most; all of them without it.
    public func array(_ name: String, rows: Int? = nil) throws(DataError) -> NumericArray {
        try source(name).array(rows: rows)
    }

    /// An array's header.
    func source(_ name: String) throws(DataError) -> ArraySource {
        guard names.contains(name) else { throw .missingArray(file: path, wanted: [name], found: names) }
        return try ArraySource(name, in: self, limits: limits)
    }

    /// The first of `wanted` that the archive holds, whatever the case of its letters.
    func name(among wanted: [String]) -> String? {
        for candidate in wanted {
            if let found = names.first(where: { $0.lowercased() == candidate }) { return found }
        }
        return nil
    }

    func stream(_ name: String) throws(DataError) -> ZipEntryStream {
        try ZipEntryStream(ZipFile(path: path), entry: "\(name).npy")
    }
}
