/// A dense tensor of 32-bit floats, row-major and contiguous.
///
/// Invariant: `values.count == shape.count`.
public struct Tensor: Hashable, Sendable {
    /// The extent along each axis.
    public let shape: Shape
    /// The elements, the last axis fastest.
    public let values: [Float]

    /// A tensor from its elements; traps if their number is not `shape.count`.
    public init(shape: Shape, values: [Float]) {
        precondition(values.count == shape.count, "\(values.count) values for shape \(shape)")
        self.shape = shape
        self.values = values
    }
}
