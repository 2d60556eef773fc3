/// A JSON value: read, changed and written without losing what a reader does not know.
public indirect enum JSON: Hashable, Sendable {
    case null
    case bool(Bool)
    case int(Int)
    case number(Double)
    case string(String)
    case array([JSON])
    /// Members in the order in which they are written.
    case object([Member])

    /// A name and its value.
    public struct Member: Hashable, Sendable {
        /// The name.
        public let name: String
        /// The value.
        public let value: JSON
    }

    /// An object from pairs.
    public static func object(_ members: [(String, JSON)]) -> JSON {
        .object(members.map { Member(name: $0.0, value: $0.1) })
    }

    /// A number, or null.
    public static func optional(_ value: Double?) -> JSON { value.map { .number($0) } ?? .null }

    /// The value on one line; a number that is not finite is written as null, which JSON has no other word for.
    public var text: String {
        switch self {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .int(let value): String(value)
        case .number(let value): value.isFinite ? "\(value)" : "null"
        case .string(let value): JSON.quoted(value)
        case .array(let values): "[" + values.map(\.text).joined(separator: ", ") + "]"
        case .object(let members):
            "{" + members.map { JSON.quoted($0.name) + ": " + $0.value.text }.joined(separator: ", ") + "}"
        }
    }

    /// The value over several lines: what holds other objects is broken, the rest stays on a line.
    public var indented: String { indented(by: 0) }

    private func indented(by level: Int) -> String {
        let margin = String(repeating: "  ", count: level + 1)
        let end = String(repeating: "  ", count: level)
        switch self {
        case .object(let members) where level == 0 || members.contains(where: \.value.isNested):
            let lines = members.map { margin + JSON.quoted($0.name) + ": " + $0.value.indented(by: level + 1) }
            return "{\n" + lines.joined(separator: ",\n") + "\n\(end)}"
        case .array(let values) where values.contains(where: \.isObject):
            let lines = values.map { margin + $0.indented(by: level + 1) }
            return "[\n" + lines.joined(separator: ",\n") + "\n\(end)]"
        default: return text
        }
    }

    private var isObject: Bool { if case .object = self { true } else { false } }

    private var isNested: Bool {
        switch self {
        case .object(let members): !members.isEmpty
        case .array(let values): values.contains(where: \.isObject)
        default: false
        }
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case let other where other.value < 0x20:
                let digits = String(other.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}

extension JSON {
    /// An object with the members of another that it lacks; the objects named in `parts` are treated likewise.
    ///
    /// What a newer or another program wrote into a file survives that way.
    func keepingMembers(of other: JSON?, in parts: Set<String> = []) -> JSON {
        guard case .object(let members) = self, case .object(let others)? = other else { return self }
        let names = Set(members.map(\.name))
        let kept = members.map { member in
            parts.contains(member.name)
                ? Member(name: member.name, value: member.value.keepingMembers(of: other?[member.name])) : member
        }
        return .object(kept + others.filter { !names.contains($0.name) })
    }

    /// An object's member of that name.
    public subscript(name: String) -> JSON? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }
}
