/// A sliding window over any number of spatial axes; one entry per axis in each list.
public struct SpatialWindow: Hashable, Sendable {
    /// The kernel's extents.
    public let kernel: [Int]
    /// The steps between windows.
    public let strides: [Int]
    /// The distances between the window's taps.
    public let dilations: [Int]
    /// Border elements before the input.
    public let before: [Int]
    /// Border elements after the input.
    public let after: [Int]

    /// A window from its parts, all of the same length.
    public init(kernel: [Int], strides: [Int], dilations: [Int], before: [Int], after: [Int]) {
        self.kernel = kernel
        self.strides = strides
        self.dilations = dilations
        self.before = before
        self.after = after
    }
}

extension SpatialWindow {
    /// One window over whole extents.
    public static func whole(_ extents: some Sequence<Int>) -> SpatialWindow {
        let kernel = Array(extents)
        let (ones, zeros) = (kernel.map { _ in 1 }, kernel.map { _ in 0 })
        return SpatialWindow(kernel: kernel, strides: ones, dilations: ones, before: zeros, after: zeros)
    }
}

/// What a pool over spatial axes computes.
public enum SpatialPool: Hashable, Sendable {
    case maximum
    /// The maximum and where it is: positions in the flattened input, rows first or columns first.
    case maximumWithIndices(columnsFirst: Bool)
    /// `countsPadding` divides by the taps over the input and its border.
    case average(countsPadding: Bool)

    /// The ONNX name of the operator.
    public var name: String {
        switch self {
        case .maximum, .maximumWithIndices: "MaxPool"
        case .average: "AveragePool"
        }
    }
}

/// Interpolation along one axis: each output position is a weighted sum of input positions.
public struct AxisSampling: Hashable, Sendable {
    /// The axis.
    public let axis: Int
    /// For each output position the input positions and their weights.
    public let taps: [[Tap]]
    /// What output positions outside the input hold, where they have no taps.
    public let outside: Float

    /// One term of a weighted sum.
    public struct Tap: Hashable, Sendable {
        /// The input position.
        public let position: Int
        /// Its weight.
        public let weight: Float

        /// A term from its parts.
        public init(position: Int, weight: Float) {
            self.position = position
            self.weight = weight
        }
    }

    /// A sampling from its parts.
    public init(axis: Int, taps: [[Tap]], outside: Float = 0) {
        self.axis = axis
        self.taps = taps
        self.outside = outside
    }
}
