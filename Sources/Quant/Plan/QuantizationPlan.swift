public import Net

/// How a whole net is quantized: derived from net, calibration and configuration, never edited.
public struct QuantizationPlan: Sendable {
    /// One plan per layer, in the order of `LayerGraph.layers`.
    public let layers: [LayerPlan]
    /// The grid of each tensor stored between units, views of other tensors included; absent tensors are real.
    public let stored: [TensorID: ActivationGrid]

    /// Plans a net.
    ///
    /// - Parameter previous: an earlier plan of the same net and calibration, with the configuration behind it; layers
    ///   whose settings did not change are taken from it.
    public init(
        net: LayerGraph, calibration: Calibration, configuration: Configuration,
        reusing previous: (configuration: Configuration, plan: QuantizationPlan)? = nil
    ) {
        precondition(configuration.layers.count == net.layers.count, "one setting per layer")
        let isSamePolicy = previous?.configuration.policy == configuration.policy
        // The layers of most channels first: a long one at the end would leave the other processors without work.
        let order = net.layers.indices.sorted { net.layers[$0].outputChannels > net.layers[$1].outputChannels }
        let planned = concurrentMap(order.count) { place in
            let index = order[place]
            let settings = configuration.layers[index]
            guard let observation = calibration.observations[net.layers[index].input] else {
                preconditionFailure("'\(net.layers[index].name)' reads a tensor that calibration did not observe")
            }
            return LayerPlan(
                layer: net.layers[index], observation: observation, settings: settings,
                policy: configuration.policy,
                reusing: previous.map { previous in
                    LayerPlan.Previous(
                        settings: previous.configuration.layers[index], plan: previous.plan.layers[index],
                        isSamePolicy: isSamePolicy)
                })
        }
        layers = zip(order, planned).sorted { $0.0 < $1.0 }.map(\.1)
        stored = QuantizationPlan.storage(net, calibration, configuration, layers)
    }

    private static func storage(
        _ net: LayerGraph, _ calibration: Calibration, _ configuration: Configuration, _ layers: [LayerPlan]
    ) -> [TensorID: ActivationGrid] {
        guard configuration.residual != .float else { return [:] }
        var grids: [TensorID: ActivationGrid] = [:]
        for (tensor, grid) in net.stored where grid == .own {
            guard let observed = calibration.observations[tensor]?.tensor else { continue }
            if configuration.residual == .same,
                let reader = net.layers.firstIndex(where: { $0.input == tensor }), layers[reader].input != .real
            {
                grids[tensor] = layers[reader].input
            } else {
                let range = ClippingRange(for: observed, bits: 8, method: .minMax)
                grids[tensor] = .tensor(AffineQuantizer(bits: 8, lo: range.lo, hi: range.hi))
            }
        }
        for (tensor, grid) in net.stored {
            // A grid per channel does not survive a move across channels; the view is then real.
            if case .shared(let root) = grid, case .tensor? = grids[root] { grids[tensor] = grids[root] }
        }
        return grids
    }
}
