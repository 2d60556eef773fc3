import FoundationEssentials
import Glibc

/// The nets that come with nibble, listed in `sample-nets/manifest.json`.
public struct SampleNets: Sendable {
    /// The directory of the manifest.
    public let directory: String
    /// The nets in the manifest's order, with the paths of their files resolved.
    public let nets: [SampleNet]

    private struct Manifest: Decodable {
        let nets: [SampleNet]
    }

    /// Reads the manifest in `directory`.
    public init(directory: String) throws(SampleError) {
        let path = "\(directory)/manifest.json"
        let file: MappedFile
        do throws(MappedFile.Failure) {
            file = try MappedFile(path: path)
        } catch {
            throw .unreadable(path: path, reason: error.reason)
        }
        let manifest: Manifest
        do {
            manifest = try JSONDecoder().decode(Manifest.self, from: file.data(offset: 0, length: file.count))
        } catch {
            throw .malformed(path: path, reason: SampleNets.reason(error))
        }
        var nets: [SampleNet] = []
        for net in manifest.nets {
            guard let located = net.located(in: directory) else { throw .outside(path: path, net: net.name) }
            nets.append(located)
        }
        self.directory = directory
        self.nets = nets
    }

    /// Finds and reads the manifest of this installation or of the source tree the program was built in.
    public init() throws(SampleError) {
        let environment = getenv("NIBBLE_SAMPLES").map { String(cString: $0) }
        let executable = realpath("/proc/self/exe", nil).map { resolved in
            defer { free(resolved) }
            return String(cString: resolved)
        }
        let candidates = SampleNets.candidates(environment: environment, executable: executable)
        guard let found = candidates.first(where: { access("\($0)/manifest.json", R_OK) == 0 }) else {
            throw .notFound(searched: candidates)
        }
        try self.init(directory: found)
    }

    /// The net of that name, whatever the case of its letters.
    public subscript(name: String) -> SampleNet? {
        nets.first { $0.name.lowercased() == name.lowercased() }
    }

    /// Where the samples may lie, best first; what the environment names is the only place then.
    static func candidates(environment: String?, executable: String?) -> [String] {
        if let environment, !environment.isEmpty { return [environment] }
        guard let executable else { return [] }
        var directory = MappedFile.directory(of: executable)
        var candidates = ["\(MappedFile.directory(of: directory))/share/nibble/sample-nets"]
        while directory != "/" && directory != "." {
            candidates.append("\(directory)/sample-nets")
            directory = MappedFile.directory(of: directory)
        }
        return candidates
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case DecodingError.keyNotFound(let key, _): "'\(key.stringValue)' is missing"
        case DecodingError.typeMismatch(let type, let context):
            "\(context.codingPath.map(\.stringValue).joined(separator: ".")) is not of type \(type)"
        default: "it is not valid JSON"
        }
    }
}

/// Why the sample nets could not be listed.
public enum SampleError: Error, Hashable, Sendable {
    /// No manifest in any of the places.
    case notFound(searched: [String])
    /// The manifest could not be read.
    case unreadable(path: String, reason: String)
    /// The manifest is not what it should be.
    case malformed(path: String, reason: String)
    /// A net names a file outside the manifest's directory.
    case outside(path: String, net: String)
}

extension SampleError: CustomStringConvertible {
    /// What is wrong, where, and what to do about it, in one line.
    public var description: String {
        switch self {
        case .notFound(let searched):
            "no sample nets in \(searched.isEmpty ? "any known place" : searched.joined(separator: ", ")): "
                + "set NIBBLE_SAMPLES to their directory or give a model"
        case .unreadable(let path, let reason): "cannot read \(path): \(reason); install nibble again"
        case .malformed(let path, let reason): "\(path) is damaged: \(reason); install nibble again"
        case .outside(let path, let net):
            "\(path): net '\(net)' names a file outside its directory; use relative paths without '..'"
        }
    }
}
