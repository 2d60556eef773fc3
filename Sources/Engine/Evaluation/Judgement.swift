public import Net

/// How a net's output is judged, told from its shape.
public enum Judgement: Hashable, Sendable {
    /// [N, C]: the largest of C values names the class. Accuracy with labels, agreement without.
    case classes(Int)
    /// [N, C, H, W]: one class per pixel. Agreement, pixel by pixel.
    case pixels(Int, classes: Int)
    /// Any other output: there is nothing to count, only how far values are off.
    case values(Int)

    /// The judgement of an output of `shape`, given for one image.
    public init(_ shape: Shape) {
        let size = shape.dimensions.dropFirst(2).reduce(1, *)
        switch shape.rank {
        case 2 where shape[1] > 1, 4 where shape[1] > 1 && size == 1: self = .classes(shape[1])
        case 4 where shape[1] > 1: self = .pixels(size, classes: shape[1])
        default: self = .values(shape.count)
        }
    }

    /// The values of the output for one image.
    public var count: Int {
        switch self {
        case .classes(let count), .values(let count): count
        case .pixels(let count, let classes): count * classes
        }
    }

    /// The number of classes told apart; 0 where there are none.
    public var classes: Int {
        switch self {
        case .classes(let count), .pixels(_, classes: let count): count
        case .values: 0
        }
    }

    /// `classes`, `pixels` or `values`.
    public var name: String {
        switch self {
        case .classes: "classes"
        case .pixels: "pixels"
        case .values: "values"
        }
    }
}
