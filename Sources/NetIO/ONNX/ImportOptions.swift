/// What a caller knows of a model's inputs besides the file.
public struct ImportOptions: Sendable {
    /// Whether the leading dimension stays as it is written, instead of standing for one image.
    public var keepsBatch: Bool
    /// Shapes of inputs, by name, for dimensions that the file leaves open; the first is the batch.
    public var shapes: [String: [Int]]
    /// The shape of the only input, for dimensions that the file leaves open.
    public var shape: [Int]?
    /// Inputs that are constants: the value of each of their elements, by name.
    public var fixed: [String: Float] = [:]
    /// Values of inputs, by name.
    ///
    /// Whole numbers and truth values become constants; of real ones the shapes are taken, and
    /// the values where an operator has to know them at load.
    public var given: [String: TensorFile]

    /// Options; without any a net is read for one image of the shape its file says.
    public init(
        keepsBatch: Bool = false, shapes: [String: [Int]] = [:], shape: [Int]? = nil, fixed: [String: Float] = [:],
        given: [String: TensorFile] = [:]
    ) {
        self.keepsBatch = keepsBatch
        self.shapes = shapes
        self.shape = shape
        self.fixed = fixed
        self.given = given
    }
}
