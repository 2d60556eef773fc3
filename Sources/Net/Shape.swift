/// The extent of a tensor along each axis, outermost first.
///
/// Invariant: no dimension is negative and the product of all dimensions fits an `Int`.
public struct Shape: Hashable, Sendable, ExpressibleByArrayLiteral {
    /// The dimensions, outermost (slowest) first; empty for a scalar.
    public let dimensions: [Int]

    /// The number of elements: the product of the dimensions, 1 for a scalar.
    public let count: Int

    /// A shape from its dimensions; `nil` if one is negative or the element count overflows.
    public init?(validating dimensions: [Int]) {
        var count = 1
        for dimension in dimensions {
            guard dimension >= 0 else { return nil }
            let (product, overflow) = count.multipliedReportingOverflow(by: dimension)
            guard !overflow else { return nil }
            count = product
        }
        self.dimensions = dimensions
        self.count = count
    }

    /// A shape from dimensions known to be valid; traps on a negative dimension or an overflow.
    public init(_ dimensions: [Int]) {
        guard let shape = Shape(validating: dimensions) else {
            preconditionFailure("invalid dimensions \(dimensions)")
        }
        self = shape
    }

    /// A shape written as an array literal such as `[1, 3, 32, 32]`.
    public init(arrayLiteral elements: Int...) {
        self.init(elements)
    }

    /// The number of axes.
    public var rank: Int { dimensions.count }

    /// The dimension along `axis`, which must lie in `0..<rank`.
    public subscript(axis: Int) -> Int { dimensions[axis] }

    /// The distance in elements between neighbours along each axis of a contiguous row-major tensor.
    public var strides: [Int] {
        var strides = [Int](repeating: 1, count: rank)
        for axis in stride(from: rank - 2, through: 0, by: -1) {
            strides[axis] = strides[axis + 1] * dimensions[axis + 1]
        }
        return strides
    }

    /// The same shape with the leading dimension multiplied by `images`: a batch of that many images.
    public func batched(_ images: Int) -> Shape {
        guard let first = dimensions.first else { return self }
        return Shape([first * images] + dimensions.dropFirst())
    }
}

extension Shape: CustomStringConvertible {
    /// The dimensions joined by `×`, such as `16×3×3×3`.
    public var description: String {
        dimensions.isEmpty ? "scalar" : dimensions.map(String.init).joined(separator: "×")
    }
}
