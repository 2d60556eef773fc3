import Quant
import Terminal
import Workbench

extension ScreenState {
    /// Histogram, curves and bits per channel of what the selected layer reads.
    func drawExplorer(on canvas: inout Canvas, _ layout: ExplorerLayout, _ look: Look) {
        guard let details, let plan = session.plan else { return }
        let parts = layout.explorer
        let planned = plan.layers[session.selection]
        let settings = session.configuration.layers[session.selection]
        canvas.text(
            summary(planned, settings), in: parts.summary, style: look.theme.text, glyphs: look.glyphs)
        canvas.text(
            convergence(details, settings), in: parts.convergence, style: look.theme.dim, glyphs: look.glyphs)
        canvas.draw(histogram(details, planned, look), in: parts.histogram, look: look)
        let width =
            switch settings.activations {
            case .float: "real values; curves at \(details.bits) bits"
            case .bits(0): "0 bits; curves at 1 bit"
            case .bits: "\(details.bits) bit\(details.bits == 1 ? "" : "s")"
            }
        canvas.rule(parts.curvesTitle, title: "mean squared error against threshold · \(width)", look: look)
        canvas.draw(curvePlot(details, threshold: threshold(planned), look), in: parts.curves, look: look)
        canvas.rule(parts.bitsTitle, title: bitsTitle(planned), look: look)
        drawBits(on: &canvas, in: parts.bits, look)
    }

    /// The threshold in use, of the selected channel where there is one range per channel.
    func threshold(_ planned: LayerPlan) -> Double? {
        guard planned.ranges.count > 1 else { return planned.ranges.first?.threshold }
        guard session.target == .activations, let channel = session.channel else { return nil }
        return planned.ranges.indices.contains(channel) ? planned.ranges[channel].threshold : nil
    }

    private func summary(_ planned: LayerPlan, _ settings: LayerSettings) -> String {
        var parts: [String] = []
        if planned.ranges.isEmpty {
            parts.append("input kept as float")
        } else {
            let method = settings.threshold == nil ? "\(settings.clipping)" : "by hand"
            if let threshold = threshold(planned), let range = planned.ranges.first {
                let source =
                    settings.threshold == nil && settings.clipping == .auto && planned.ranges.count == 1
                    ? " \(range.source.words)" : ""
                parts.append("threshold \(threshold.brief) \(method)\(source)")
            } else {
                parts.append("\(planned.ranges.count) thresholds \(method)")
            }
        }
        if let sqnr = planned.inputSQNR { parts.append("SQNR \(sqnr.fixed(1)) dB") }
        parts.append("allocate \(settings.allocation.rawValue)")
        parts.append("correct \(settings.correction.rawValue)")
        return parts.joined(separator: " · ")
    }

    /// How the tensor's threshold settles with the number of calibration images.
    private func convergence(_ details: Details, _ settings: LayerSettings) -> String {
        guard settings.activations != .float, settings.threshold == nil, !details.convergence.isEmpty else {
            return ""
        }
        // Half as many images each time: the end of the row is where a threshold should stand still.
        let count = details.convergence.count
        let shown = [count / 8, count / 4, count / 2, count].filter { $0 > 0 }.map { details.convergence[$0 - 1] }
        return "tensor's threshold by images: "
            + shown.map { "\($0.images): \($0.threshold.brief)" }.joined(separator: "  ")
    }

    private func histogram(_ details: Details, _ planned: LayerPlan, _ look: Look) -> Terminal.Histogram {
        let observed = details.observation.histogram
        let curves = details.curves
        var markers: [Terminal.Histogram.Marker] = []
        if let threshold = threshold(planned) {
            markers.append(.init(at: threshold, label: "now \(threshold.brief)", style: look.theme.text))
        }
        markers.append(
            .init(
                at: curves.laplace.optimum, label: "Laplace \(curves.laplace.optimum.brief)",
                style: look.theme.laplace))
        markers.append(
            .init(at: curves.gauss.optimum, label: "Gauss \(curves.gauss.optimum.brief)", style: look.theme.gauss))
        markers.append(
            .init(
                at: curves.measured.optimum, label: "best \(curves.measured.optimum.brief)",
                style: look.theme.measured))
        let highest = observed.hi > observed.lo ? observed.hi : observed.lo + 1
        return Terminal.Histogram(
            counts: observed.counts.map(Double.init), range: observed.lo...highest, scale: .logarithmic,
            markers: markers)
    }

    func curvePlot(_ details: Details, threshold: Double?, _ look: Look) -> CurvePlot {
        let curves = details.curves
        func curve(
            _ name: String, _ curve: ErrorCurves.Curve, _ style: Style, _ pattern: CurvePlot.Pattern
        ) -> CurvePlot.Curve {
            CurvePlot.Curve(
                name, points: zip(curves.thresholds, curve.errors).map { .init(x: $0, y: $1) }, style: style,
                pattern: pattern, optimum: .init(x: curve.optimum, y: curve.optimalError))
        }
        return CurvePlot(
            curves: [
                curve("gauss", curves.gauss, look.theme.gauss, .dotted),
                curve("laplace", curves.laplace, look.theme.laplace, .dashed),
                curve("measured", curves.measured, look.theme.measured, .solid),
            ], yScale: .logarithmic, cursor: threshold)
    }

    private func bitsTitle(_ planned: LayerPlan) -> String {
        let what = session.target == .weights ? "bits per output channel of the weights" : "bits per channel"
        guard let bits = session.channelBits(of: session.selection, session.target) else {
            return "\(what) · one range for the tensor"
        }
        let settings = session.configuration.layers[session.selection]
        let goal = settings.precision(of: session.target).storedBits
        let mean = Double(bits.reduce(0, +)) / Double(max(1, bits.count))
        let bins = bits.reduce(0) { $0 + (1 << $1) }
        return
            "\(what) · mean \(mean.fixed(2)) of \(goal) · bins \(bins.grouped) of \((bits.count << goal).grouped)"
    }

    private func drawBits(on canvas: inout Canvas, in area: Rect, _ look: Look) {
        let count = session.channelCount
        guard count > 0 else {
            canvas.text("channels are not told apart here", in: area, style: look.theme.dim, glyphs: look.glyphs)
            return
        }
        let uniform = session.configuration.layers[session.selection].precision(of: session.target)
        let bits =
            session.channelBits(of: session.selection, session.target)
            ?? [Int](repeating: min(8, uniform.storedBits), count: count)
        canvas.draw(
            BarStrip(values: bits.map(Double.init), maximum: 8, selected: session.channel), in: area, look: look)
        if let channel = session.channel, bits.indices.contains(channel), bits.count + 20 < area.width {
            let place = Rect(x: area.x + bits.count + 2, y: area.y, width: area.width - bits.count - 2, height: 1)
            canvas.text(
                "channel \(channel + 1): \(bits[channel]) bits", in: place, style: look.theme.text,
                glyphs: look.glyphs)
        }
    }
}

extension ClippingRange.Source {
    /// The source in words.
    var words: String {
        switch self {
        case .minMax: "(min-max)"
        case .laplaceTail: "(Laplace tail)"
        case .laplacePre: "(Laplace before the ReLU)"
        case .laplace: "(Laplace)"
        case .gauss: "(Gauss)"
        case .measured: "(measured)"
        case .kl: "(KL)"
        case .percentile: "(percentile)"
        case .sigmas: "(sigmas)"
        case .manual: "(by hand)"
        case .file: "(the file's)"
        }
    }
}
