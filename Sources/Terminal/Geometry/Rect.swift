/// A position in cells; (0, 0) is the upper left corner.
public struct Point: Hashable, Sendable {
    /// The column.
    public var x: Int
    /// The row.
    public var y: Int

    /// Makes a point.
    public init(x: Int, y: Int) {
        self.x = x
        self.y = y
    }
}

/// A width and a height in cells, never negative.
public struct Size: Hashable, Sendable {
    /// The number of columns.
    public let width: Int
    /// The number of rows.
    public let height: Int

    /// Makes a size; negative extents count as zero.
    public init(width: Int, height: Int) {
        self.width = max(0, width)
        self.height = max(0, height)
    }
}

/// A rectangle of cells whose extents are never negative.
///
/// Every operation is total: taking or insetting more than there is gives an empty rectangle, so that views need no
/// checks of the terminal's size.
public struct Rect: Hashable, Sendable {
    /// The leftmost column.
    public let x: Int
    /// The uppermost row.
    public let y: Int
    /// The number of columns.
    public let width: Int
    /// The number of rows.
    public let height: Int

    /// Makes a rectangle; negative extents count as zero.
    public init(x: Int, y: Int, width: Int, height: Int) {
        self.x = x
        self.y = y
        self.width = max(0, width)
        self.height = max(0, height)
    }

    /// The whole of a canvas or screen of the given size.
    public init(_ size: Size) { self.init(x: 0, y: 0, width: size.width, height: size.height) }

    /// Whether the rectangle holds no cell.
    public var isEmpty: Bool { width == 0 || height == 0 }
    /// The width and height.
    public var size: Size { Size(width: width, height: height) }
    /// The columns.
    public var columns: Range<Int> { x..<x + width }
    /// The rows.
    public var rows: Range<Int> { y..<y + height }

    /// Whether the cell at a point belongs to the rectangle.
    public func contains(_ point: Point) -> Bool { columns.contains(point.x) && rows.contains(point.y) }

    /// The cells that both rectangles hold.
    public func intersection(_ other: Rect) -> Rect {
        let left = max(x, other.x)
        let top = max(y, other.y)
        return Rect(
            x: left, y: top, width: min(x + width, other.x + other.width) - left,
            height: min(y + height, other.y + other.height) - top)
    }

    /// The rectangle with `amount` cells removed on each side.
    public func inset(by amount: Int) -> Rect { inset(horizontally: amount, vertically: amount) }

    /// The rectangle with cells removed left and right, and above and below.
    public func inset(horizontally dx: Int, vertically dy: Int) -> Rect {
        let left = min(max(0, dx), width)
        let top = min(max(0, dy), height)
        return Rect(x: x + left, y: y + top, width: width - 2 * left, height: height - 2 * top)
    }

    /// A rectangle of at most the given size in the middle of this one.
    public func centered(width wanted: Int, height wantedHeight: Int) -> Rect {
        let inner = Size(width: min(wanted, width), height: min(wantedHeight, height))
        return Rect(
            x: x + (width - inner.width) / 2, y: y + (height - inner.height) / 2, width: inner.width,
            height: inner.height)
    }
}
