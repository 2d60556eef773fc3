import Quant
import Terminal
import Training
import Workbench

extension ScreenState {
    /// Histograms of a layer's two gradients in the last step that was recorded.
    func drawGradients(on canvas: inout Canvas, in area: Rect, _ look: Look) {
        let lab = session.training
        guard let layers = lab.run?.telemetry?.layers, layers.indices.contains(lab.layer) else {
            return drawNothing("no steps yet", on: &canvas, in: area, look)
        }
        let layer = layers[lab.layer]
        let parts = area.stacked(.cells(1), .share(1), .cells(1), .share(1))

        let (sums, bits) = (layer.layerGradients, layer.gradients.bits)
        // What lies below half a step becomes zero when it is rounded to nearest.
        let half = (sums.hi - sums.lo) / Double((1 << bits) - 1) / 2
        canvas.rule(
            parts[0],
            title:
                "dL/dz of its sums · \(figures(of: sums)) · \((100 * sums.share(within: half)).fixed(0)) % below half a step",
            look: look)
        draw(
            sums, markers: (half, "half a step of \(bits) bits", look.theme.laplace), on: &canvas, in: parts[1],
            look)

        let weights = layer.weightGradients
        canvas.rule(parts[2], title: "dL/dw of its weights · \(figures(of: weights))", look: look)
        draw(
            weights, markers: (weights.power.squareRoot(), "rms", look.theme.gauss), on: &canvas, in: parts[3], look
        )
    }

    private func figures(of values: Quant.Histogram) -> String {
        "max \(values.hi.brief) · rms \(values.power.squareRoot().brief)"
    }

    private func draw(
        _ values: Quant.Histogram, markers: (value: Double, label: String, style: Style), on canvas: inout Canvas,
        in area: Rect, _ look: Look
    ) {
        canvas.draw(
            Terminal.Histogram(
                counts: values.counts.map { Double($0) }, range: values.lo...values.hi, scale: .logarithmic,
                markers: [
                    .init(at: -markers.value, label: "", style: markers.style),
                    .init(at: markers.value, label: markers.label, style: markers.style),
                ]), in: area, look: look)
    }
}

extension Quant.Histogram {
    /// The share of values whose size is at most a limit, those of the bins that it cuts in proportion.
    fileprivate func share(within limit: Double) -> Double {
        guard total > 0 else { return 0 }
        let inside = counts.enumerated().reduce(Double(zeroCount)) { sum, bin in
            let (low, high) = (lo + Double(bin.offset) * binWidth, lo + Double(bin.offset + 1) * binWidth)
            let common = max(0, min(high, limit) - max(low, -limit))
            return sum + Double(bin.element) * common / binWidth
        }
        return inside / Double(total)
    }
}
