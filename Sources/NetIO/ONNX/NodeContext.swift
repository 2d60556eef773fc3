import Net
import OnnxProto

/// One node of a model while it is read.
struct NodeContext {
    /// The node's unique name.
    let name: String
    let proto: OnnxNode
    let attributes: Attributes
    /// What is known of each input; `nil` where an optional input is absent.
    let values: [Importer.Value?]
    /// What the caller said of net inputs that run all the same.
    let known: [Constant?]

    /// The constant at an input, if it is present and known at load.
    func constant(_ index: Int) -> Constant? {
        guard index < values.count else { return nil }
        if case .constant(let constant)? = values[index] { return constant }
        return index < known.count ? known[index] : nil
    }

    /// Whether the input is present.
    func has(_ index: Int) -> Bool { index < values.count && values[index] != nil }

    /// A list of integers given as an attribute before some opset and as an input since.
    func integers(attribute: String, input: Int) throws(OnnxError) -> [Int]? {
        if let listed = attributes.ints(attribute) { return listed }
        guard has(input) else { return nil }
        guard let values = constant(input)?.integers else {
            throw attributes.unsupported("its input '\(proto.input[input])' (\(attribute)) has to be known at load")
        }
        return values.map { Int(clamping: $0) }
    }

    /// An axis counted from the end if negative, checked against the rank.
    func axis(_ axis: Int, rank: Int) throws(OnnxError) -> Int {
        let positive = axis < 0 ? axis + rank : axis
        guard (0..<rank).contains(positive) else {
            throw attributes.malformed("axis \(axis) of a tensor with \(rank) axes")
        }
        return positive
    }
}
