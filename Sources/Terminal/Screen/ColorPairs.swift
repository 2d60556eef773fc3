internal import CNcurses

/// Styles as curses wants them: attributes and the number of a colour pair, made when first needed.
struct ColorPairs {
    private let depth: ColorDepth
    private let colors: Int
    private let limit: Int32
    private var next: Int32 = 1
    private var known: [Style: (attributes: attr_t, pair: Int32)] = [:]

    init(depth: ColorDepth, colors: Int, limit: Int32) {
        self.depth = depth
        self.colors = colors
        self.limit = limit
    }

    /// Where the pairs run out (some terminals have 64) or a colour does not exist, the terminal's own colours remain.
    mutating func pair(for style: Style) -> (attributes: attr_t, pair: Int32) {
        if let found = known[style] { return found }
        let made = (attributes(of: style), makePair(style))
        known[style] = made
        return made
    }

    private mutating func makePair(_ style: Style) -> Int32 {
        let foreground = number(of: style.foreground)
        let background = number(of: style.background)
        if depth == .mono || (foreground < 0 && background < 0) { return 0 }
        // The same colours with other attributes share a pair.
        for (other, made) in known
        where other.foreground == style.foreground && other.background == style.background {
            return made.pair
        }
        guard next < limit, init_extended_pair(next, foreground, background) == OK else { return 0 }
        defer { next += 1 }
        return next
    }

    private func number(of color: Color) -> Int32 {
        switch color {
        case .palette(let index) where Int(index) < colors: return Int32(index)
        case .palette, .standard: return -1
        }
    }

    private func attributes(of style: Style) -> attr_t {
        var result: attr_t = 0
        if style.attributes.contains(.bold) { result |= cn_bold }
        if style.attributes.contains(.dim) { result |= cn_dim }
        if style.attributes.contains(.underline) { result |= cn_underline }
        if style.attributes.contains(.reverse) { result |= cn_reverse }
        return result
    }
}
