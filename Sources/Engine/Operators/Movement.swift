internal import Net

/// A node that only moves elements: channel ranges go from maps to maps, with steps over rows and columns.
struct Movement {
    /// One range of channels.
    struct Part {
        /// The node's input and output, by their places.
        var input = 0
        var output = 0
        var firstChannel = 0
        var toChannel = 0
        var channels: Int
        var start = (row: 0, column: 0)
        var step = (row: 1, column: 1)
    }

    let parts: [Part]
    /// Whether the output has elements that no part writes: zeros.
    let leavesZeros: Bool

    /// The movement that a node is, or `nil`.
    init?(_ node: Node, _ graph: Graph) {
        let tensors = node.inputs.prefix(1).compactMap { $0 } + node.outputs
        guard tensors.count == 1 + node.outputs.count,
            tensors.allSatisfy({ graph[$0].shape.rank == 4 && graph[$0].shape[0] == 1 })
        else { return nil }
        let (input, output) = (graph[tensors[0]].shape, graph[tensors[1]].shape)
        switch node.operation {
        case .slice(let starts, let steps)
        where starts.count == 4 && starts[0] == 0 && steps[0] == 1 && steps[1] == 1:
            parts = [
                Part(
                    firstChannel: starts[1], channels: output[1], start: (starts[2], starts[3]),
                    step: (steps[2], steps[3]))
            ]
            leavesZeros = false
        case .pad(let before, _, .constant(0))
        where before.count == 4 && before[0] == 0 && before[2] == 0 && before[3] == 0 && before[1] >= 0
            && before[1] + input[1] <= output[1] && input[2] == output[2] && input[3] == output[3]:
            parts = [Part(toChannel: before[1], channels: input[1])]
            leavesZeros = true
        case .concatenate(1):
            var channel = 0
            var parts: [Part] = []
            for (place, tensor) in node.inputs.enumerated() {
                guard let tensor, graph.constants[tensor] == nil else { return nil }
                parts.append(Part(input: place, toChannel: channel, channels: graph[tensor].shape[1]))
                channel += graph[tensor].shape[1]
            }
            self.parts = parts
            leavesZeros = false
        case .split(1, let sizes):
            var channel = 0
            var parts: [Part] = []
            for (place, size) in sizes.enumerated() {
                parts.append(Part(output: place, firstChannel: channel, channels: size))
                channel += size
            }
            self.parts = parts
            leavesZeros = false
        default: return nil
        }
    }

    /// Moves floats.
    func run(_ inputs: [FeatureMap?], into outputs: [FeatureMap], images: Range<Int>) {
        for (place, output) in outputs.enumerated() {
            output.withFloats(of: images) { to in
                if leavesZeros { to.update(repeating: 0) }
                for part in parts where part.output == place {
                    guard let input = inputs[part.input] else { continue }
                    input.withFloats(of: images) { from in
                        part.copy(from, input.layout, into: to, output.layout, images: images.count)
                    }
                }
            }
        }
    }

    /// Moves codes of one grid.
    func run(_ inputs: [CodeMap], into outputs: [CodeMap], images: Range<Int>) {
        for (place, output) in outputs.enumerated() {
            output.withCodes(of: images) { to in
                if leavesZeros { to.update(repeating: UInt8(output.zeroPoint)) }
                for part in parts where part.output == place {
                    let input = inputs[part.input]
                    input.withCodes(of: images) { from in
                        part.copy(from, input.layout, into: to, output.layout, images: images.count)
                    }
                }
            }
        }
    }
}

extension Movement.Part {
    /// Copies into the rows and columns of the output; its other channels are left alone.
    fileprivate func copy<Element: BitwiseCopyable>(
        _ from: UnsafeMutableBufferPointer<Element>, _ source: MapLayout,
        into to: UnsafeMutableBufferPointer<Element>, _ target: MapLayout, images: Int
    ) {
        guard let from = from.baseAddress, let to = to.baseAddress else { return }
        let lanes = MapLayout.lanes
        var done = 0
        while done < channels {
            // As many lanes as lie side by side in both.
            let (a, b) = (firstChannel + done, toChannel + done)
            let count = min(channels - done, lanes - a % lanes, lanes - b % lanes)
            for image in 0..<images {
                for row in 0..<target.height {
                    let y = start.row + row * step.row
                    var read =
                        from + source.offset(image: image, block: a / lanes, y: y, x: start.column) + a % lanes
                    var write = to + target.offset(image: image, block: b / lanes, y: row, x: 0) + b % lanes
                    for _ in 0..<target.width {
                        // Constant lengths become single moves.
                        switch count {
                        case 16: write.update(from: read, count: 16)
                        case 8: write.update(from: read, count: 8)
                        default: write.update(from: read, count: count)
                        }
                        read += step.column * lanes
                        write += lanes
                    }
                }
            }
            done += count
        }
    }
}
