public import Net

/// A net folded into fused units: what is quantized is decided here, once, and the engine compiles from it.
///
/// Invariants: units are in topological order; tensor identifiers are those of `graph`; every layer appears in exactly
/// one unit.
public struct LayerGraph: Sendable {
    /// The net as read.
    public let graph: Graph
    /// The steps of a run, in order.
    public let units: [Unit]
    /// The weighted layers in the order in which they run.
    public let layers: [Layer]
    /// Indices of the layers reached from a net input without passing another layer.
    public let firstLayers: Set<Int>
    /// Indices of the layers whose output reaches a net output without passing another layer.
    public let lastLayers: Set<Int>
    /// The tensor that enters the ReLU or Clip which wrote the key, where there is one.
    public let preActivations: [TensorID: TensorID]
    /// The tensors stored between units when storage is quantized, and whose grid each has.
    public let stored: [TensorID: StoredGrid]

    /// Folds a graph.
    public init(_ graph: Graph) {
        var folding = Folding(graph)
        folding.run()
        self.graph = graph
        layers = folding.layers
        units = folding.units
        let dataflow = Dataflow(graph: graph, layers: layers, units: units)
        firstLayers = dataflow.firstLayers
        lastLayers = dataflow.lastLayers
        preActivations = dataflow.preActivations
        stored = dataflow.storedGrids()
    }

    /// The tensors judged as logits: net outputs, before a final softmax; they stay real.
    public var logits: [TensorID] { Dataflow.logits(of: graph) }

    /// What calibration has to observe: the tensors that layers read and those stored between units.
    public var calibrationPoints: [CalibrationPoint] {
        var points: [TensorID: CalibrationPoint] = [:]
        for (tensor, grid) in stored where grid == .own {
            points[tensor] = CalibrationPoint(tensor: tensor, preActivation: nil, isPerChannel: false)
        }
        for layer in layers {
            let perChannel = graph[layer.input].shape.rank == 4
            points[layer.input] = CalibrationPoint(
                tensor: layer.input, preActivation: preActivations[layer.input], isPerChannel: perChannel)
        }
        return points.values.sorted { $0.tensor < $1.tensor }
    }
}

/// The grid of a tensor stored between fused units.
public enum StoredGrid: Hashable, Sendable {
    /// The tensor has a quantizer of its own.
    case own
    /// Slices, paddings, pools and reshapes keep the grid of the tensor they read.
    case shared(with: TensorID)
}

/// One tensor to observe in calibration.
public struct CalibrationPoint: Hashable, Sendable {
    /// The tensor that will be quantized.
    public let tensor: TensorID
    /// The tensor that enters the ReLU or Clip which wrote it.
    public let preActivation: TensorID?
    /// Whether each channel is observed besides the whole.
    public let isPerChannel: Bool
}
