/// A key press.
public enum Key: Hashable, Sendable {
    /// A printable character, also one with shift: `?`, `G`, `é`.
    case character(Character)
    /// Control with a lower case letter: `.control("z")`.
    case control(Character)
    /// A function key, 1 for F1.
    case function(Int)
    /// The cursor keys.
    case up, down, left, right
    /// The paging keys.
    case pageUp, pageDown, home, end
    /// Tab and shift with tab.
    case tab, backTab
    /// Return, escape and the editing keys.
    case enter, escape, backspace, delete, insert

    /// The key's name for footer and help.
    public func label(_ glyphs: Glyphs) -> String {
        let unicode = glyphs == .unicode
        switch self {
        case .character(" "): return "Space"
        case .character(let character): return String(character)
        case .control(let letter): return "^" + letter.uppercased()
        case .function(let number): return "F\(number)"
        case .up: return unicode ? "↑" : "Up"
        case .down: return unicode ? "↓" : "Down"
        case .left: return unicode ? "←" : "Left"
        case .right: return unicode ? "→" : "Right"
        case .pageUp: return "PgUp"
        case .pageDown: return "PgDn"
        case .home: return "Home"
        case .end: return "End"
        case .tab: return "Tab"
        case .backTab: return "S-Tab"
        case .enter: return "Enter"
        case .escape: return "Esc"
        case .backspace: return "Bksp"
        case .delete: return "Del"
        case .insert: return "Ins"
        }
    }
}

extension Key: ExpressibleByExtendedGraphemeClusterLiteral {
    /// Lets a binding say `["j", .down]`.
    public init(extendedGraphemeClusterLiteral character: Character) { self = .character(character) }
}
