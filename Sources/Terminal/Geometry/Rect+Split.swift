/// How much of a rectangle's side one part of a split takes.
public enum Extent: Hashable, Sendable {
    /// This many cells, or what is left of them.
    case cells(Int)
    /// A share of what the fixed parts leave, in proportion to the weights.
    case share(Int)
}

extension Rect {
    /// Cuts rows off the top: `let header = area.takeTop(1)` leaves the rest in `area`.
    public mutating func takeTop(_ rows: Int) -> Rect {
        let taken = min(max(0, rows), height)
        defer { self = Rect(x: x, y: y + taken, width: width, height: height - taken) }
        return Rect(x: x, y: y, width: width, height: taken)
    }

    /// Cuts rows off the bottom and leaves the rest.
    public mutating func takeBottom(_ rows: Int) -> Rect {
        let taken = min(max(0, rows), height)
        defer { self = Rect(x: x, y: y, width: width, height: height - taken) }
        return Rect(x: x, y: y + height - taken, width: width, height: taken)
    }

    /// Cuts columns off the left side and leaves the rest.
    public mutating func takeLeft(_ columns: Int) -> Rect {
        let taken = min(max(0, columns), width)
        defer { self = Rect(x: x + taken, y: y, width: width - taken, height: height) }
        return Rect(x: x, y: y, width: taken, height: height)
    }

    /// Cuts columns off the right side and leaves the rest.
    public mutating func takeRight(_ columns: Int) -> Rect {
        let taken = min(max(0, columns), width)
        defer { self = Rect(x: x, y: y, width: width - taken, height: height) }
        return Rect(x: x + width - taken, y: y, width: taken, height: height)
    }

    /// Splits from top to bottom, one rectangle for each extent: `area.stacked(.cells(1), .share(2), .share(1))`.
    ///
    /// The parts never overlap. With at least one share they fill the rectangle; where the fixed parts do not fit, the later ones come out
    /// smaller or empty.
    public func stacked(_ extents: Extent...) -> [Rect] { stacked(extents) }

    /// Splits from top to bottom, one rectangle for each extent.
    public func stacked(_ extents: [Extent]) -> [Rect] {
        var rest = self
        return Rect.lengths(extents, total: height).map { rest.takeTop($0) }
    }

    /// Splits from left to right, one rectangle for each extent; otherwise like `stacked`.
    public func sideBySide(_ extents: Extent...) -> [Rect] { sideBySide(extents) }

    /// Splits from left to right, one rectangle for each extent.
    public func sideBySide(_ extents: [Extent]) -> [Rect] {
        var rest = self
        return Rect.lengths(extents, total: width).map { rest.takeLeft($0) }
    }

    private static func lengths(_ extents: [Extent], total: Int) -> [Int] {
        var fixed = 0
        var weights = 0
        for extent in extents {
            switch extent {
            case .cells(let count): fixed += min(max(0, count), total)
            case .share(let weight): weights += max(0, weight)
            }
        }
        var free = max(0, total - fixed)
        return extents.map { extent in
            switch extent {
            case .cells(let count): return max(0, count)
            case .share(let weight):
                guard weights > 0, weight > 0 else { return 0 }
                // Dividing what is left by the weights left spreads the rounding over the parts.
                let length = free * weight / weights
                free -= length
                weights -= weight
                return length
            }
        }
    }
}
