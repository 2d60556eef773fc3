import OnnxProto

/// The attributes of one node, by name and type, with the node's identity for errors.
struct Attributes {
    let node: String
    let type: String
    /// The version of the operator set.
    let opset: Int
    private let entries: [String: OnnxAttribute]

    init(_ node: OnnxNode, name: String, opset: Int) {
        self.node = name
        type = node.opType
        self.opset = opset
        entries = Dictionary(node.attribute.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    func has(_ name: String) -> Bool { entries[name] != nil }

    func int(_ name: String, default value: Int) -> Int {
        entries[name].map { Int($0.i) } ?? value
    }

    func float(_ name: String, default value: Float) -> Float {
        entries[name].map(\.f) ?? value
    }

    func number(_ name: String) -> Float? { entries[name].map(\.f) }

    func ints(_ name: String) -> [Int]? {
        entries[name].map { $0.ints.map(Int.init) }
    }

    func string(_ name: String, default value: String) -> String {
        entries[name].map { String(decoding: $0.s, as: UTF8.self) } ?? value
    }

    func tensor(_ name: String) -> OnnxTensor? { entries[name]?.t }

    func floats(_ name: String) -> [Float]? { entries[name]?.floats }

    func malformed(_ reason: String) -> OnnxError { .malformed(node: node, type: type, reason: reason) }

    func unsupported(_ reason: String) -> OnnxError {
        .unsupported(node: node, type: type, opset: opset, reason: reason)
    }
}
