extension Canvas {
    /// The canvas with every character outside ASCII replaced: by a likeness where there is one, else by "?".
    ///
    /// Screens that show ASCII only present this, so that names and texts need no care.
    public func inASCII() -> Canvas {
        var result = self
        for y in 0..<size.height {
            for x in 0..<size.width {
                let cell = self[x, y]
                if !cell.character.isASCII || cell.isTail {
                    result.put(cell.character.asciiLikeness, at: Point(x: x, y: y), style: cell.style)
                }
            }
        }
        return result
    }
}

extension Character {
    private static let asciiLikenesses: [Character: Character] = [
        "×": "x", "·": ".", "•": "*", "…": "~", "±": "~", "−": "-", "–": "-", "—": "-", "Δ": "d", "σ": "s",
        "σ\u{302}": "s",
        "α": "a",
        "µ": "u", "μ": "u", "λ": "l", "²": "2", "→": ">", "←": "<", "↑": "^", "↓": "v", "≤": "<", "≥": ">",
        "∞": "~",
        "▸": ">", "✓": "+", "✗": "x", "“": "\"", "”": "\"", "‘": "'", "’": "'",
    ]

    var asciiLikeness: Character { Character.asciiLikenesses[self] ?? "?" }
}
