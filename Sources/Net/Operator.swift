/// What a node computes, with its attributes resolved: the closed set of operators nibble runs.
///
/// Shape arithmetic, constants, `Identity`, `Dropout` and `Cast` between real types are resolved while a file is
/// read and never appear here. Weights, biases and other constants stay node inputs (`Graph.constants`).
public enum Operator: Hashable, Sendable {
    /// Inputs X [N, C, H, W], W [O, C/groups, kh, kw], optional B [O].
    case convolution(Window, groups: Int)
    /// Y = alpha A' B' + beta C; inputs A, B, optional C.
    case gemm(alpha: Float, beta: Float, transposeA: Bool, transposeB: Bool)
    /// The matrix product over the last two axes, with broadcasting over the others.
    case matrixProduct
    /// Inputs X, scale, bias, mean, variance (each [C]).
    case batchNormalization(epsilon: Float)
    /// An element-wise function of one tensor.
    case unary(Unary)
    /// An element-wise function of two or more tensors with numpy broadcasting, folded from the left.
    case elementwise(Elementwise)
    /// Inputs X, slope (broadcast over X).
    case prelu
    /// Softmax over `axes` jointly (more than one axis: the flattening form of opsets below 13).
    case softmax(axes: [Int], logarithmic: Bool)
    case maxPool(Window)
    /// `countsPadding` divides by the whole window even where it lies over the border.
    case averagePool(Window, countsPadding: Bool)
    case globalAveragePool
    case globalMaxPool
    case reduce(Reduction, axes: [Int], keepsDimensions: Bool)
    case localResponseNormalization(size: Int, alpha: Float, beta: Float, bias: Float)
    case concatenate(axis: Int)
    /// One output per entry of `sizes` along `axis`.
    case split(axis: Int, sizes: [Int])
    /// One entry per axis of the input: start, step and the output's extent.
    case slice(starts: [Int], steps: [Int])
    /// `before` and `after` hold one entry per axis and are not negative.
    case pad(before: [Int], after: [Int], mode: PadMode)
    /// Any change of shape that keeps the row-major order: Reshape, Flatten, Squeeze, Unsqueeze.
    case reshape
    case transpose(permutation: [Int])
    /// A convolution over any number of spatial axes; inputs as of `convolution`.
    case spatialConvolution(SpatialWindow, groups: Int)
    /// Inputs X [N, C, ...], W [C, O/groups, ...], optional B [O]: the gradient of a convolution with respect to its input.
    case transposedConvolution(SpatialWindow, groups: Int)
    /// A pool over any number of spatial axes; only padding that the window names counts.
    case spatialPool(SpatialWindow, SpatialPool)
    /// Inputs X, scale [C], bias [C].
    case instanceNormalization(epsilon: Float)
    /// Inputs X, scale, optional bias; outputs Y, and the means and reciprocal deviations over the axes from `axis` on.
    case layerNormalization(axis: Int, epsilon: Float)
    /// Layer normalization of each pixel over its channels: inputs X [N, C, ...], scale [C], optional bias [C].
    case channelNormalization(epsilon: Float)
    /// X over its norm of order 1 or 2 along an axis.
    case normNormalization(axis: Int, order: Int)
    /// Interpolation along each axis named, one after the other.
    case resample([AxisSampling])
    /// Inputs data, indices (whole numbers; negative ones count from the end).
    case gather(axis: Int)
    /// X repeated along axes where its extent is 1.
    case expand
    /// X repeated whole along each axis.
    case tile(repeats: [Int])
    /// The index of the largest element along an axis.
    case argumentOfMaximum(axis: Int, keepsDimensions: Bool, selectsLast: Bool)
    /// Inputs condition, X, Y: X where the condition is not 0, with broadcasting.
    case choose
    /// Inputs X, scale, optional zero point, each one value or one along `axis`: saturate(round(X / scale) + zero point).
    case quantizeLinear(axis: Int, low: Float, high: Float)
    /// Inputs X, scale, optional zero point: (X - zero point) scale.
    case dequantizeLinear(axis: Int)

    /// The ONNX name of the operator (of its family, where one case stands for several).
    public var name: String {
        switch self {
        case .convolution: "Conv"
        case .gemm: "Gemm"
        case .matrixProduct: "MatMul"
        case .batchNormalization: "BatchNormalization"
        case .unary(let function): function.name
        case .elementwise(let function): function.rawValue
        case .prelu: "PRelu"
        case .softmax(_, let logarithmic): logarithmic ? "LogSoftmax" : "Softmax"
        case .maxPool: "MaxPool"
        case .averagePool: "AveragePool"
        case .globalAveragePool: "GlobalAveragePool"
        case .globalMaxPool: "GlobalMaxPool"
        case .reduce(let reduction, _, _): reduction.rawValue
        case .localResponseNormalization: "LRN"
        case .concatenate: "Concat"
        case .split: "Split"
        case .slice: "Slice"
        case .pad: "Pad"
        case .reshape: "Reshape"
        case .transpose: "Transpose"
        case .spatialConvolution: "Conv"
        case .transposedConvolution: "ConvTranspose"
        case .spatialPool(_, let pool): pool.name
        case .instanceNormalization: "InstanceNormalization"
        case .layerNormalization, .channelNormalization: "LayerNormalization"
        case .normNormalization: "LpNormalization"
        case .resample: "Resize"
        case .gather: "Gather"
        case .expand: "Expand"
        case .tile: "Tile"
        case .argumentOfMaximum: "ArgMax"
        case .choose: "Where"
        case .quantizeLinear: "QuantizeLinear"
        case .dequantizeLinear: "DequantizeLinear"
        }
    }
}

/// The sliding window of a convolution or pool over the spatial axes (height, width).
public struct Window: Hashable, Sendable {
    /// The kernel's height and width.
    public let kernel: Pair
    /// The step between windows.
    public let strides: Pair
    /// The distance between the window's taps.
    public let dilations: Pair
    /// Zeros (minus infinity for max pools) assumed around the input; `auto_pad` and `ceil_mode` are already resolved.
    public let padding: Padding

    /// A window; kernel, strides and dilations must be positive, the padding not negative.
    public init(kernel: Pair, strides: Pair = Pair(1, 1), dilations: Pair = Pair(1, 1), padding: Padding = .none) {
        self.kernel = kernel
        self.strides = strides
        self.dilations = dilations
        self.padding = padding
    }

    /// Height and width of something.
    public struct Pair: Hashable, Sendable {
        /// The vertical part.
        public let height: Int
        /// The horizontal part.
        public let width: Int

        /// A pair from its height and width.
        public init(_ height: Int, _ width: Int) {
            self.height = height
            self.width = width
        }
    }

    /// Border elements on each side.
    public struct Padding: Hashable, Sendable {
        /// Rows above.
        public let top: Int
        /// Columns to the left.
        public let left: Int
        /// Rows below.
        public let bottom: Int
        /// Columns to the right.
        public let right: Int
        /// A padding from its four sides.
        public init(top: Int, left: Int, bottom: Int, right: Int) {
            self.top = top
            self.left = left
            self.bottom = bottom
            self.right = right
        }
        /// No border.
        public static let none = Padding(top: 0, left: 0, bottom: 0, right: 0)
    }
}

/// An element-wise function of one variable.
public enum Unary: Hashable, Sendable {
    case relu
    /// min(max(x, minimum), maximum); either bound may be infinite.
    case clip(minimum: Float, maximum: Float)
    case leakyRelu(slope: Float)
    case sigmoid
    /// max(0, min(1, alpha x + beta)).
    case hardSigmoid(alpha: Float, beta: Float)
    /// x max(0, min(1, x/6 + 1/2)).
    case hardSwish
    /// x sigmoid(x), folded from Sigmoid and Mul.
    case silu
    case tanh, softplus, mish, erf
    case elu(alpha: Float)
    case selu(alpha: Float, gamma: Float)
    /// x Phi(x), exact or by the tanh approximation.
    case gelu(approximate: Bool)
    case sqrt, exp, log, negate, absolute, reciprocal, floor, ceil, round, sign
    /// 1 for 0, else 0.
    case not
    /// Rounds towards zero: a cast to integers, which are held as floats.
    case truncate
    /// 1 for anything but 0: a cast to truth values.
    case isNonzero
    /// Rounds to half precision.
    case half
    /// Rounds to bfloat16.
    case brain

    /// The ONNX name of the function.
    public var name: String {
        switch self {
        case .relu: "Relu"
        case .clip: "Clip"
        case .leakyRelu: "LeakyRelu"
        case .sigmoid: "Sigmoid"
        case .hardSigmoid: "HardSigmoid"
        case .hardSwish: "HardSwish"
        case .silu: "SiLU"
        case .tanh: "Tanh"
        case .softplus: "Softplus"
        case .mish: "Mish"
        case .erf: "Erf"
        case .elu: "Elu"
        case .selu: "Selu"
        case .gelu: "Gelu"
        case .sqrt: "Sqrt"
        case .exp: "Exp"
        case .log: "Log"
        case .negate: "Neg"
        case .absolute: "Abs"
        case .reciprocal: "Reciprocal"
        case .floor: "Floor"
        case .ceil: "Ceil"
        case .round: "Round"
        case .sign: "Sign"
        case .not: "Not"
        case .truncate, .isNonzero, .half, .brain: "Cast"
        }
    }
}

/// An element-wise function of several tensors; the raw value is its ONNX name.
public enum Elementwise: String, Hashable, Sendable {
    case add = "Add"
    case subtract = "Sub"
    case multiply = "Mul"
    case divide = "Div"
    case power = "Pow"
    case maximum = "Max"
    case minimum = "Min"
    case mean = "Mean"
    /// Comparisons and truth values are 1 or 0.
    case equal = "Equal"
    case less = "Less"
    case greater = "Greater"
    case and = "And"
    case or = "Or"
}

/// A reduction over axes; the raw value is its ONNX name.
public enum Reduction: String, Hashable, Sendable {
    case mean = "ReduceMean"
    case sum = "ReduceSum"
    case maximum = "ReduceMax"
    case minimum = "ReduceMin"
}

/// What `Pad` writes into the border.
public enum PadMode: Hashable, Sendable {
    case constant(Float)
    case reflect
    case edge
    /// The other end of the axis.
    case wrap
}
