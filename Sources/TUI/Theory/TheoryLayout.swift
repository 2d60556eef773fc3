import Terminal
import Workbench

/// Where the panels of the theory view and their parts stand, for drawing and for the mouse alike.
struct TheoryLayout {
    /// The parts of a panel inside its frame.
    struct Parts {
        /// The sliders shown, with their places among the panel's.
        let sliders: [(index: Int, area: Rect)]
        /// A line of findings.
        let summary: Rect
        let table: Rect
        let plot: Rect
    }

    /// The panels shown with their frames: all four where there is room, else the chosen one.
    let panels: [(panel: TheoryPanel, frame: Rect)]

    init(_ size: Size, chosen: TheoryPanel) {
        panels = PanelLayout(size, chosen: chosen).panels
    }

    /// The parts of a panel; `selected` is the slider that stays where there is room for one only.
    static func parts(of panel: TheoryPanel, in frame: Rect, selected: Int) -> Parts {
        var inside = frame.inset(by: 1)
        let count = panel.parameters.count
        let columns = inside.width >= 76 ? 2 : 1
        let rows = (count + columns - 1) / columns
        var sliders: [(index: Int, area: Rect)] = []
        if inside.height < rows + 12 {
            sliders = [(min(selected, count - 1), inside.takeTop(1))]
        } else {
            for row in 0..<rows {
                let line = inside.takeTop(1)
                let cells = line.sideBySide([Extent](repeating: .share(1), count: columns))
                for column in 0..<columns where row * columns + column < count {
                    sliders.append((row * columns + column, cells[column]))
                }
            }
        }
        let summary = inside.takeTop(inside.height >= 8 ? 1 : 0)
        if panel == .bins, inside.width >= 70 {
            let halves = inside.sideBySide(.cells(37), .share(1))
            return Parts(sliders: sliders, summary: summary, table: halves[0], plot: halves[1])
        }
        let wanted =
            switch panel {
            case .clipping: 4
            case .bins: 10
            case .angle, .sigma: 8
            }
        let table = inside.takeTop(min(wanted, max(2, inside.height / 2 + 1)))
        return Parts(sliders: sliders, summary: summary, table: table, plot: inside)
    }
}
