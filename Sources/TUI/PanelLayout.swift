import Terminal

/// Where the panels of a view stand that fills the screen: all four where there is room, else the chosen one.
struct PanelLayout<Panel: CaseIterable> {
    /// The panels shown with their frames.
    let panels: [(panel: Panel, frame: Rect)]

    init(_ size: Size, chosen: Panel) {
        var body = Rect(size)
        // The same lines as in the other views: title above; status, message and keys below.
        _ = body.takeTop(1)
        _ = body.takeBottom(3)
        guard body.width >= 156, body.height >= 40 else {
            panels = [(chosen, body)]
            return
        }
        let frames = body.stacked(.share(1), .share(1)).flatMap { $0.sideBySide(.share(1), .share(1)) }
        panels = zip(Panel.allCases, frames).map { ($0, $1) }
    }
}
