import Terminal

/// Where the parts of the explorer stand, for drawing and for the mouse alike.
struct ExplorerLayout {
    /// The smallest screen on which the panes can be read.
    static let minimum = Size(width: 40, height: 12)
    /// The title line.
    let header: Rect
    /// The frame of the list of layers.
    let layers: Rect
    /// The frame of what the selected layer shows.
    let detail: Rect
    /// Accuracy.
    let status: Rect
    /// Messages and questions.
    let message: Rect
    /// The keys.
    let footer: Rect

    init(_ size: Size) {
        var rest = Rect(size)
        header = rest.takeTop(1)
        footer = rest.takeBottom(1)
        message = rest.takeBottom(1)
        status = rest.takeBottom(1)
        let wanted = size.width >= 120 ? min(68, size.width * 2 / 5) : size.width * 9 / 20
        layers = rest.takeLeft(wanted)
        detail = rest
    }

    /// Inside the list's frame.
    var list: Rect { layers.inset(by: 1) }

    /// The parts of the explorer view.
    var explorer:
        (
            summary: Rect, convergence: Rect, histogram: Rect, curvesTitle: Rect, curves: Rect, bitsTitle: Rect,
            bits: Rect
        )
    {
        let parts = detail.inset(by: 1).stacked(
            .cells(1), .cells(detail.height >= 24 ? 1 : 0), .share(2), .cells(1), .share(3), .cells(1),
            .cells(detail.height >= 24 ? 4 : 2))
        return (parts[0], parts[1], parts[2], parts[3], parts[4], parts[5], parts[6])
    }
}
