/// One place on the screen: a character and its style.
public struct Cell: Hashable, Sendable {
    /// What the cell shows.
    public var character: Character
    /// How it is rendered.
    public var style: Style

    /// Makes a cell.
    public init(_ character: Character, style: Style = .plain) {
        self.character = character
        self.style = style
    }

    /// An empty cell.
    public static let blank = Cell(" ")

    /// Stands in the second column of a character two columns wide.
    static let tail: Character = "\u{0}"

    /// Whether this is the second column of a wide character.
    public var isTail: Bool { character == Cell.tail }
}
