/// A colour of the terminal's own palette.
public enum Color: Hashable, Sendable {
    /// The terminal's default foreground or background.
    case standard
    /// An entry of the palette: 0-7 basic, 8-15 bright, 16-255 the extended table.
    case palette(UInt8)
}

/// Renderings a terminal shows without colour.
public struct Attributes: OptionSet, Hashable, Sendable {
    /// One bit for each attribute.
    public let rawValue: UInt8
    /// Makes a set from its bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }
    /// Brighter or heavier.
    public static let bold = Attributes(rawValue: 1)
    /// Fainter.
    public static let dim = Attributes(rawValue: 2)
    /// Underlined.
    public static let underline = Attributes(rawValue: 4)
    /// Foreground and background exchanged.
    public static let reverse = Attributes(rawValue: 8)
}

/// How a cell is rendered: two colours and attributes.
public struct Style: Hashable, Sendable {
    /// The colour of the character.
    public var foreground: Color
    /// The colour behind it.
    public var background: Color
    /// Bold, dim, underlined, reversed.
    public var attributes: Attributes

    /// Makes a style; without arguments the terminal's plain text.
    public init(foreground: Color = .standard, background: Color = .standard, attributes: Attributes = []) {
        self.foreground = foreground
        self.background = background
        self.attributes = attributes
    }

    /// The terminal's default rendering.
    public static let plain = Style()

    /// The same style with attributes added.
    public func adding(_ more: Attributes) -> Style {
        Style(foreground: foreground, background: background, attributes: attributes.union(more))
    }
}
