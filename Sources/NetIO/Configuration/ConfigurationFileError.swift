/// Why a saved configuration cannot be used.
public enum ConfigurationFileError: Error, Hashable, Sendable {
    /// The file cannot be read.
    case unreadable(path: String, reason: String)
    /// The file is not JSON, or not as nibble reads it.
    case notJSON(path: String, JSON.ParsingError)
    /// A field is missing or has a value that it cannot have.
    case field(path: String, field: String, problem: String)
    /// The file was written by a newer nibble.
    case newerSchema(path: String, schema: Int)
    /// The file belongs to another net.
    case otherNet(path: String, model: String, expected: String, found: String)
    /// The net has a layer that the file does not name, or the reverse.
    case layers(path: String, missing: [String], unknown: [String])
}

extension ConfigurationFileError: CustomStringConvertible {
    /// What is wrong, where, and what to do about it, in one line.
    public var description: String {
        switch self {
        case .unreadable(let path, let reason): "cannot read \(path): \(reason)"
        case .notJSON(let path, .malformed(let offset)):
            "\(path) is not a saved configuration: it is not JSON at offset \(offset); name a file that nibble saved"
        case .notJSON(let path, .duplicateMember(let name, let offset)):
            "\(path) names '\(name)' twice in one object, at offset \(offset): remove one of them"
        case .notJSON(let path, .tooDeep(let offset)):
            "\(path) is not a saved configuration: it is nested too deep at offset \(offset); name a file that nibble saved"
        case .field(let path, let field, let problem): "\(path): \(field) \(problem); correct it or save again"
        case .newerSchema(let path, let schema):
            "\(path) has schema \(schema), and this nibble reads up to \(SavedConfiguration.schema): use a newer nibble"
        case .otherNet(let path, let model, let expected, let found):
            "\(path) belongs to another net, \(model) (SHA-256 \(found.prefix(12))…), and this one is "
                + "\(expected.prefix(12))…: open that net, or another configuration"
        case .layers(let path, let missing, let unknown):
            missing.isEmpty
                ? "\(path) names a layer that the net does not have: '\(unknown.first ?? "")'"
                : "\(path) lacks the net's layer '\(missing.first ?? "")'"
        }
    }
}
