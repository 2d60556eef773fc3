extension Character {
    /// The number of columns a terminal gives the character: 0, 1 or 2.
    ///
    /// Controls, and combining or formatting scalars that stand alone, take none; East Asian wide characters and
    /// emoji take two (Unicode Standard Annex 11, classes W and F); all else takes one.
    public var displayWidth: Int {
        guard let scalar = unicodeScalars.first else { return 0 }
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0: return 0
        case 0x20..<0x300: return 1
        default: break
        }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format, .control, .lineSeparator, .paragraphSeparator: return 0
        default: break
        }
        if unicodeScalars.contains("\u{FE0F}") { return 2 }
        switch scalar.value {
        case 0x1100...0x115F, 0x231A...0x231B, 0x23E9...0x23EC, 0x2E80...0x303E, 0x3041...0xA4CF, 0xA960...0xA97C,
            0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F1E6...0x1F1FF,
            0x1F300...0x1FAFF, 0x20000...0x3FFFD:
            return 2
        default: return 1
        }
    }
}

extension String {
    /// The number of columns the text takes.
    public var displayWidth: Int { reduce(0) { $0 + $1.displayWidth } }

    /// The longest beginning that fits in `columns`; a cut text ends with the given mark where there is room for it.
    public func clipped(to columns: Int, mark: String = "") -> String {
        guard displayWidth > columns else { return self }
        let ending = mark.displayWidth < columns ? mark : ""
        var room = max(0, columns) - ending.displayWidth
        var kept = ""
        for character in self {
            room -= character.displayWidth
            if room < 0 { break }
            kept.append(character)
        }
        return kept + ending
    }

    /// The text with blanks added (or its end cut) to take exactly `columns`.
    public func padded(to columns: Int, alignment: Alignment = .leading) -> String {
        let text = clipped(to: columns)
        let blanks = String(repeating: " ", count: max(0, columns - text.displayWidth))
        return alignment == .leading ? text + blanks : blanks + text
    }
}

/// The side that text keeps to when it is shorter than its place.
public enum Alignment: Hashable, Sendable {
    /// At the beginning.
    case leading
    /// At the end, as numbers are.
    case trailing
}
