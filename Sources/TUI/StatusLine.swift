import Engine
import Terminal
import Workbench

extension ScreenState {
    /// The running figures: float, quantized with its interval, how many images, the paired difference.
    func drawStatus(on canvas: inout Canvas, in area: Rect, _ look: Look) {
        let area = area.inset(horizontally: 1, vertically: 0)
        guard session.plan != nil else {
            let text = session.stopped == nil ? "accuracy follows calibration" : "no accuracy without calibration"
            canvas.text(text, in: area, style: look.theme.dim, glyphs: look.glyphs)
            return
        }
        guard let estimate = session.estimate else {
            canvas.text(session.stopped ?? "measuring …", in: area, style: look.theme.dim, glyphs: look.glyphs)
            return
        }
        let isWide = area.width >= 110
        var pieces = figures(of: estimate, isWide: isWide, look)
        let seen = estimate.comparison.count.grouped
        pieces.append(
            (
                estimate.isComplete
                    ? "  all \(seen) images"
                    : isWide ? "  \(seen) of \(estimate.total.grouped) " : "  \(seen)/\(estimate.total.grouped)",
                look.theme.dim
            ))
        if isWide, !estimate.isComplete {
            let done = Int((10 * estimate.fraction).rounded())
            pieces.append((String(repeating: look.glyphs.done, count: done), look.theme.bar))
            pieces.append((String(repeating: look.glyphs.remaining, count: 10 - done), look.theme.dim))
        }
        if session.stopped != nil { pieces.append((" ended by an error", look.theme.bad)) }
        if isWide, let recompute {
            pieces.append(("   edit \(recompute.milliseconds.brief) ms", look.theme.dim))
        }
        canvas.text(pieces, in: area)
    }

    /// The figures as one line of text.
    func figuresText(of estimate: Estimate) -> String {
        let look = Look(.mono, .ascii)
        let figures = figures(of: estimate, isWide: true, look).map(\.text).joined()
        let words = figures.replacing("Δ", with: "difference").replacing("±", with: "+-")
            .split(separator: " ").joined(separator: " ")
        let seen = estimate.comparison.count.grouped
        return "\(words), "
            + (estimate.isComplete ? "all \(seen) images" : "\(seen) of \(estimate.total.grouped) images")
    }

    private func figures(
        of estimate: Estimate, isWide: Bool, _ look: Look
    ) -> [(text: String, style: Style)] {
        let comparison = estimate.comparison
        guard let float = comparison.floatTop1, let now = comparison.quantizedTop1,
            let difference = comparison.difference
        else {
            return unlabelled(comparison, look)
        }
        let style =
            difference.interval95.upperBound < -0.01
            ? look.theme.bad : difference.interval95.upperBound < 0 ? look.theme.warning : look.theme.good
        let sign = difference.value > 0 ? "+" : ""
        var pieces: [(text: String, style: Style)] = [
            (isWide ? "accuracy  float " : "float ", look.theme.text), (percent(float), look.theme.text),
            (isWide ? "   now " : "  now ", look.theme.text), (percent(now), look.theme.title),
            (" ± \(halfWidth(now.interval95))", look.theme.dim),
            (isWide ? "   Δ " : "  Δ ", look.theme.text),
            ("\(sign)\((100 * difference.value).fixed(1))", style),
            (" ± \(halfWidth(difference.interval95))", look.theme.dim),
        ]
        if isWide, let change = estimate.toPrevious {
            let sign = change.value > 0 ? "+" : ""
            pieces.append(("   to before ", look.theme.text))
            pieces.append(("\(sign)\((100 * change.value).fixed(1))", look.theme.text))
            pieces.append((" ± \(halfWidth(change.interval95))", look.theme.dim))
        }
        if comparison.isFloatNearChance {
            pieces.append(("  float near chance: check --scale, --mean, --layout", look.theme.bad))
        }
        return pieces
    }

    /// What stands in for accuracy.
    private func unlabelled(_ comparison: Comparison, _ look: Look) -> [(text: String, style: Style)] {
        let noise = comparison.logitSQNR.map { "\($0.fixed(1)) dB" } ?? "no error"
        guard let agreement = comparison.agreement else {
            return [
                ("no classes in '\(session.subject.outputName)': output SQNR ", look.theme.text),
                (noise, look.theme.title),
            ]
        }
        if case .pixels = comparison.judgement {
            return [
                ("pixels agreeing with float ", look.theme.text), (percent(agreement), look.theme.title),
                ("  output SQNR \(noise)", look.theme.text),
            ]
        }
        return [
            ("no labels: agreement with float ", look.theme.text), (percent(agreement), look.theme.title),
            (" ± \(halfWidth(agreement.interval95))", look.theme.dim), ("  logit SQNR \(noise)", look.theme.text),
        ]
    }

    private func percent(_ proportion: Proportion) -> String { "\((100 * proportion.value).fixed(1)) %" }

    private func halfWidth(_ interval: ClosedRange<Double>) -> String {
        (50 * (interval.upperBound - interval.lowerBound)).fixed(1)
    }
}

extension Duration {
    /// The time in milliseconds.
    var milliseconds: Double {
        Double(components.seconds) * 1000 + Double(components.attoseconds) / 1e15
    }
}
