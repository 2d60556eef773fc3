import Terminal
import Training
import Workbench

/// Where table and curve stand inside the panel of layers.
struct LayerParts {
    let summary: Rect
    /// A second line where there is room.
    let sigmas: Rect
    let table: Rect
    let rule: Rect
    let plot: Rect

    init(_ area: Rect, layers: Int) {
        var rest = area
        summary = rest.takeTop(1)
        sigmas = rest.takeTop(area.height >= 16 ? 1 : 0)
        table = rest.takeTop(min(layers + 1, max(4, rest.height * 11 / 20)))
        rule = rest.takeTop(1)
        plot = rest
    }
}

extension ScreenState {
    /// Norms, effective steps and angles of each layer now, and the course of one of them.
    func drawLayers(on canvas: inout Canvas, in area: Rect, _ look: Look) {
        let lab = session.training
        guard let telemetry = lab.run?.telemetry, let name = layerName else {
            return drawNothing("no steps yet", on: &canvas, in: area, look)
        }
        let parts = LayerParts(area, layers: telemetry.layers.count)
        canvas.text(angleNote(telemetry), in: parts.summary, style: look.theme.dim, glyphs: look.glyphs)
        canvas.text(sigmaNote(telemetry), in: parts.sigmas, style: look.theme.dim, glyphs: look.glyphs)
        canvas.draw(layerTable(look), in: parts.table, look: look)
        canvas.rule(parts.rule, title: "\(lab.quantity.rawValue) of \(name) against epochs", look: look)
        canvas.draw(quantityPlot(look), in: parts.plot, look: look)
    }

    private func angleNote(_ telemetry: StepTelemetry) -> String {
        guard let layer = telemetry.layers.first else { return "" }
        let turns = [("W", layer.weights), ("A", layer.activations), ("G", layer.gradients)]
        let bits = turns.map { "\($0.0) \($0.1.bits)" }.joined(separator: ", ")
        let unused = turns.filter { !$0.1.isUsed }.map(\.0)
        let note = unused.isEmpty ? "" : " (\(unused.joined(separator: ", ")): floats here)"
        return "step \((telemetry.step + 1).grouped) · degrees to copies of \(bits) bits\(note)"
    }

    private func sigmaNote(_ telemetry: StepTelemetry) -> String {
        guard telemetry.layers.indices.contains(session.training.layer) else { return "" }
        let ratios = telemetry.layers[session.training.layer].sigmaRatios
        guard !ratios.isEmpty else { return "this layer is not normalized" }
        return "sigma by scheme: "
            + zip(NormScheme.standard, ratios).map { "\($0) \($1.fixed(2))" }.joined(separator: "  ")
    }

    /// A row for each layer of the selected run, with a column for each figure.
    func layerTable(_ look: Look) -> Table {
        let lab = session.training
        let rows = (lab.run?.telemetry?.layers ?? []).map { layer in
            Table.Row(
                [.init(layer.name.shortened(to: 12))]
                    + LayerQuantity.allCases.map { quantity in
                        let value = quantity.value(of: layer)
                        return .init(quantity.isAngle ? value.fixed(value < 10 ? 2 : 1) : value.brief)
                    })
        }
        return Table(
            // The last column is a blank before the scroll bar.
            columns: [.init("layer", width: .cells(12))]
                + LayerQuantity.allCases.map { .init($0.heading, alignment: .trailing) } + [
                    .init("", width: .cells(0))
                ],
            rows: rows,
            selectedRow: lab.layer, selectedColumn: lab.quantity.place + 1)
    }

    /// The course of the chosen figure at the selected layer, in every run that has a layer of that name.
    func quantityPlot(_ look: Look) -> CurvePlot {
        let lab = session.training
        let place = lab.quantity.place
        let curves = lab.runs.compactMap { run -> CurvePlot.Curve? in
            guard let outline = run.outline, let layer = outline.layers.firstIndex(where: { $0 == layerName })
            else {
                return nil
            }
            let steps = Double(max(1, outline.stepsPerEpoch))
            return CurvePlot.Curve(
                "run \(run.letter)", letter: run.letter,
                points: run.history.map { .init(x: Double($0.step) / steps, y: $0.values[layer][place]) },
                style: style(of: run, look), pattern: pattern(of: run))
        }
        return CurvePlot(curves: curves, xRange: epochRange)
    }
}

extension LayerQuantity {
    /// Whether it is in degrees.
    var isAngle: Bool {
        switch self {
        case .weightNorm, .gradientNorm, .effectiveStep: false
        case .weightAngle, .activationAngle, .gradientAngle: true
        }
    }

    /// The heading of its column.
    var heading: String {
        switch self {
        case .weightNorm: "norm"
        case .gradientNorm: "gradient"
        case .effectiveStep: "eff. step"
        case .weightAngle: "W angle"
        case .activationAngle: "A angle"
        case .gradientAngle: "G angle"
        }
    }
}
