/// How many colours a terminal shows.
public enum ColorDepth: Hashable, Sendable, CaseIterable {
    /// None: attributes only.
    case mono
    /// The eight basic colours.
    case ansi8
    /// The basic colours and their bright versions.
    case ansi16
    /// The extended palette.
    case indexed256
}

/// Styles by meaning; views name a role and never a colour.
///
/// The extended colours are of middle lightness, to be read on light and on dark backgrounds, and text keeps the terminal's
/// own colours. No meaning is in colour alone: widgets add symbols, line patterns or words.
public struct Theme: Hashable, Sendable {
    /// Ordinary text.
    public var text = Style.plain
    /// Secondary text: units, axis labels, hints.
    public var dim = Style(attributes: .dim)
    /// Titles and names.
    public var title = Style(attributes: .bold)
    /// Frames and rules.
    public var border = Style(attributes: .dim)
    /// The selected row or item.
    public var selection = Style(attributes: .reverse)
    /// The measured curve.
    public var measured = Style(attributes: .bold)
    /// The Laplace curve.
    public var laplace = Style.plain
    /// The Gauss curve.
    public var gauss = Style.plain
    /// Better than before, done.
    public var good = Style.plain
    /// Needs attention.
    public var warning = Style(attributes: .bold)
    /// Worse, failed.
    public var bad = Style(attributes: [.bold, .underline])
    /// Bars of histograms and strips.
    public var bar = Style.plain

    /// The theme for a terminal with so many colours.
    public init(_ depth: ColorDepth) {
        let colors:
            (
                title: UInt8, measured: UInt8, laplace: UInt8, gauss: UInt8, good: UInt8, warning: UInt8,
                bad: UInt8, bar: UInt8
            )
        switch depth {
        case .mono:
            border = .plain
            return
        case .ansi8: colors = (6, 3, 4, 5, 2, 3, 1, 6)
        case .ansi16: colors = (6, 3, 12, 13, 2, 3, 9, 6)
        case .indexed256:
            colors = (33, 172, 33, 170, 34, 172, 160, 67)
            dim = Style(foreground: .palette(244))
            border = Style(foreground: .palette(244))
        }
        title = Style(foreground: .palette(colors.title), attributes: .bold)
        measured = Style(foreground: .palette(colors.measured), attributes: .bold)
        laplace = Style(foreground: .palette(colors.laplace))
        gauss = Style(foreground: .palette(colors.gauss))
        good = Style(foreground: .palette(colors.good))
        warning = Style(foreground: .palette(colors.warning), attributes: .bold)
        bad = Style(foreground: .palette(colors.bad), attributes: .bold)
        bar = Style(foreground: .palette(colors.bar))
    }
}

/// What a view must know about the terminal to draw: styles and glyphs.
public struct Look: Hashable, Sendable {
    /// The styles.
    public let theme: Theme
    /// The characters.
    public let glyphs: Glyphs
    /// The number of colours that the theme was made for.
    public let depth: ColorDepth

    /// Makes a look; tests use `Look(.mono, .unicode)`.
    public init(_ depth: ColorDepth, _ glyphs: Glyphs) {
        theme = Theme(depth)
        self.glyphs = glyphs
        self.depth = depth
    }
}
