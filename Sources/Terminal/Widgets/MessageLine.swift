/// One line that tells the user what happened, with a word or sign besides its colour.
public struct MessageLine: Widget {
    /// How serious it is.
    public enum Severity: Hashable, Sendable, CaseIterable {
        /// To be known.
        case note
        /// Something succeeded.
        case success
        /// Something needs attention.
        case warning
        /// Something failed.
        case failure
    }

    /// How serious it is.
    public let severity: Severity
    /// What happened, and what to do next.
    public let text: String

    /// Makes a message.
    public init(_ severity: Severity, _ text: String) {
        self.severity = severity
        self.text = text
    }

    /// Draws sign and text.
    public func draw(on canvas: inout Canvas, in area: Rect, look: Look) {
        let unicode = look.glyphs == .unicode
        let sign: String
        let style: Style
        switch severity {
        case .note: (sign, style) = ("", look.theme.text)
        case .success: (sign, style) = (unicode ? "✓ " : "ok: ", look.theme.good)
        case .warning: (sign, style) = (unicode ? "! " : "warning: ", look.theme.warning)
        case .failure: (sign, style) = (unicode ? "✗ " : "error: ", look.theme.bad)
        }
        canvas.text(sign + text, in: area, style: style, glyphs: look.glyphs)
    }
}
