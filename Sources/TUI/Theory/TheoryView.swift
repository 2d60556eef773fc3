import Glibc
import Quant
import Terminal
import Training
import Workbench

extension ScreenState {
    /// Formulas beside simulations: all panels where there is room, else the chosen one.
    func drawTheory(on canvas: inout Canvas, _ size: Size, _ look: Look) {
        for (panel, frame) in TheoryLayout(size, chosen: session.theory.panel).panels {
            let isChosen = panel == session.theory.panel
            let parts = TheoryLayout.parts(of: panel, in: frame, selected: isChosen ? slider : 0)
            _ = canvas.box(frame, title: title(of: panel), look: look, focused: isChosen)
            for (index, area) in parts.sliders {
                let parameter = panel.parameters[index]
                canvas.draw(
                    session.theory.slider(parameter, of: panel, isSelected: isChosen && index == slider), in: area,
                    look: look)
            }
            canvas.text(summary(of: panel), in: parts.summary, style: look.theme.dim, glyphs: look.glyphs)
            canvas.draw(theoryTable(panel, width: parts.table.width, look), in: parts.table, look: look)
            canvas.draw(theoryPlot(panel, look), in: parts.plot, look: look)
        }
    }

    private func title(of panel: TheoryPanel) -> String {
        let place = (TheoryPanel.allCases.firstIndex(of: panel) ?? 0) + 1
        let what =
            switch panel {
            case .clipping: "clipping · mean squared error against threshold"
            case .bins: "bins · two channels and \(session.theory.split.bins.grouped) bins"
            case .angle: "angle · of a tensor and its quantized copy, in degrees"
            case .sigma: "sigma · what normalizations take for σ"
            }
        return "theory \(place) of \(TheoryPanel.allCases.count) · \(what)"
    }

    /// The finding in a line, or that the simulation still runs.
    private func summary(of panel: TheoryPanel) -> String {
        guard session.theory.isAnswered(panel) else { return "simulating …" }
        switch panel {
        case .clipping: return clippingSummary
        case .bins: return binSummary
        case .angle: return angleSummary
        case .sigma: return sigmaSummary
        }
    }

    /// A panel's figures.
    func theoryTable(_ panel: TheoryPanel, width: Int, _ look: Look) -> Table {
        switch panel {
        case .clipping: clippingTable(width: width, look)
        case .bins: binTable(look)
        case .angle: angleTable(width: width, look)
        case .sigma: sigmaTable(width: width, look)
        }
    }

    /// A panel's curves.
    func theoryPlot(_ panel: TheoryPanel, _ look: Look) -> CurvePlot {
        switch panel {
        case .clipping: clippingPlot(look)
        case .bins: binPlot(look)
        case .angle: anglePlot(look)
        case .sigma: sigmaPlot(look)
        }
    }

    /// The chosen panel in sentences, for whom cannot see it.
    var theorySentences: [String] {
        switch session.theory.panel {
        case .clipping: clippingSentences
        case .bins: binSentences
        case .angle: angleSentences
        case .sigma: sigmaSentences
        }
    }

    /// A figure, or a dot before it is there.
    func figure(_ value: Double?, _ text: (Double) -> String = { $0.brief }) -> Table.Entry {
        Table.Entry(value.map(text) ?? "·")
    }
}

extension Double {
    /// An error with three significant digits: 0.0463, 5.63e-3.
    var figures: String {
        guard isFinite, self > 0 else { return brief }
        let exponent = Int(log10(self).rounded(.down))
        guard exponent < -2 else { return fixed(max(0, 2 - exponent)) }
        return "\((self / pow(10, Double(exponent))).fixed(2))e\(exponent)"
    }

    /// A share more or less, in percent and with its sign.
    var excess: String { "\(self < 0 ? "" : "+")\((100 * self).fixed(1)) %" }
}
