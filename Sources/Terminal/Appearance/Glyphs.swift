/// The characters that frames, bars and curves are drawn with.
public enum Glyphs: Hashable, Sendable, CaseIterable {
    /// Box drawing, block and braille characters.
    case unicode
    /// Only ASCII.
    case ascii

    /// Upper left, upper right, lower left, lower right.
    public var corners: [Character] { self == .unicode ? ["┌", "┐", "└", "┘"] : ["+", "+", "+", "+"] }
    /// A horizontal edge.
    public var horizontal: Character { self == .unicode ? "─" : "-" }
    /// A vertical edge.
    public var vertical: Character { self == .unicode ? "│" : "|" }
    /// A vertical marker through a plot.
    public var marker: Character { self == .unicode ? "┊" : ":" }
    /// Stands before the selected row.
    public var pointer: Character { self == .unicode ? "▸" : ">" }
    /// Stands before a marked row.
    public var mark: Character { self == .unicode ? "•" : "*" }
    /// The optimum of a curve.
    public var optimum: Character { self == .unicode ? "◆" : "@" }
    /// What stands on a slider's track.
    public var knob: Character { self == .unicode ? "●" : "O" }
    /// The done part of a progress bar.
    public var done: Character { self == .unicode ? "▓" : "#" }
    /// The part of a progress bar still to do.
    public var remaining: Character { self == .unicode ? "░" : "." }
    /// The end of text that was cut.
    public var ellipsis: String { self == .unicode ? "…" : "~" }

    /// A column filled from below by `eighths` of 8.
    public func column(eighths: Int) -> Character {
        let level = min(max(0, eighths), 8)
        return self == .unicode ? Glyphs.eighths[level] : Glyphs.asciiEighths[level]
    }

    private static let eighths: [Character] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]
    private static let asciiEighths: [Character] = [" ", ".", ".", ":", ":", "+", "+", "#", "#"]
}
