import Glibc

/// Curves over a common axis, drawn as SVG.
public struct LinePlot: Hashable, Sendable {
    /// How numbers lie along an axis.
    public enum Scale: Hashable, Sendable {
        case linear
        case logarithmic
    }

    /// One curve.
    public struct Series: Hashable, Sendable {
        /// What it shows.
        public let name: String
        /// Its points, in the order of x; a y that is not finite interrupts it.
        public let points: [SIMD2<Double>]
        /// Whether it is theory beside a measurement, and drawn dashed.
        public let isDashed: Bool

        /// A curve.
        public init(_ name: String, _ points: [SIMD2<Double>], isDashed: Bool = false) {
            self.name = name
            self.points = points
            self.isDashed = isDashed
        }
    }

    /// The heading.
    public let title: String
    /// What x and y are.
    public let axes: (x: String, y: String)
    private let scales: (x: Scale, y: Scale)
    /// The curves.
    public let series: [Series]

    /// A plot.
    public init(
        title: String, x: String, y: String, xScale: Scale = .linear, yScale: Scale = .linear, series: [Series]
    ) {
        self.title = title
        axes = (x, y)
        scales = (xScale, yScale)
        self.series = series
    }

    /// Whether two plots show the same.
    public static func == (left: LinePlot, right: LinePlot) -> Bool {
        left.title == right.title && left.axes == right.axes && left.scales == right.scales
            && left.series == right.series
    }

    /// Hashes what the plot shows.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(title)
        hasher.combine(series)
    }

    private static let size = SIMD2(720.0, 440.0)
    private static let frame = (left: 64.0, top: 52.0, right: 560.0, bottom: 390.0)
    /// Told apart by brightness as well as by hue.
    private static let colours = [
        "#1b6ca8", "#d1495b", "#2e933c", "#edae49", "#6a4c93", "#7fb069", "#8d6b48", "#444444",
    ]

    /// The drawing.
    public var svg: String {
        let frame = Self.frame
        let x = Axis(series.flatMap { $0.points.map(\.x) }, scales.x, frame.left, frame.right)
        let y = Axis(series.flatMap { $0.points.map(\.y) }, scales.y, frame.bottom, frame.top)
        var lines = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(Int(Self.size.x)) \(Int(Self.size.y))\" "
                + "font-family=\"sans-serif\" font-size=\"12\">",
            "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>",
            text(title, frame.left, 22, "start", size: 15),
            text(axes.x, (frame.left + frame.right) / 2, frame.bottom + 38, "middle"),
            text(axes.y, frame.left, frame.top - 6, "start"),
        ]
        for tick in x.ticks {
            let place = x.place(tick)
            lines.append(line(place, frame.bottom, place, frame.top, "#dddddd"))
            lines.append(text(label(tick), place, frame.bottom + 18, "middle"))
        }
        for tick in y.ticks {
            let place = y.place(tick)
            lines.append(line(frame.left, place, frame.right, place, "#dddddd"))
            lines.append(text(label(tick), frame.left - 6, place + 4, "end"))
        }
        for (index, curve) in series.enumerated() {
            let colour = Self.colours[index % Self.colours.count]
            let dashes = curve.isDashed ? " stroke-dasharray=\"5 4\"" : ""
            var path = ""
            var isDrawing = false
            for point in curve.points {
                guard x.holds(point.x), y.holds(point.y) else {
                    isDrawing = false
                    continue
                }
                path += (isDrawing ? "L" : "M") + "\(fixed(x.place(point.x))) \(fixed(y.place(point.y)))"
                isDrawing = true
            }
            lines.append("<path d=\"\(path)\" fill=\"none\" stroke=\"\(colour)\" stroke-width=\"2\"\(dashes)/>")
            let row = frame.top + 10 + 18 * Double(index)
            lines.append(line(frame.right + 12, row, frame.right + 36, row, colour, "\(dashes) stroke-width=\"2\""))
            lines.append(text(curve.name, frame.right + 42, row + 4, "start"))
        }
        return (lines + ["</svg>"]).joined(separator: "\n") + "\n"
    }

    private func text(_ text: String, _ x: Double, _ y: Double, _ anchor: String, size: Int = 12) -> String {
        let escaped = text.replacing("&", with: "&amp;").replacing("<", with: "&lt;")
        return
            "<text x=\"\(fixed(x))\" y=\"\(fixed(y))\" text-anchor=\"\(anchor)\" font-size=\"\(size)\">\(escaped)</text>"
    }

    private func line(
        _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ colour: String, _ more: String = ""
    ) -> String {
        "<line x1=\"\(fixed(x1))\" y1=\"\(fixed(y1))\" x2=\"\(fixed(x2))\" y2=\"\(fixed(y2))\" stroke=\"\(colour)\"\(more)/>"
    }

    /// One decimal is a tenth of a pixel.
    private func fixed(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }

    private func label(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e6 ? "\(Int(value))" : "\(Float(value))"
    }
}

/// Where numbers lie along one side of a plot.
private struct Axis {
    private let scale: LinePlot.Scale
    private let low: Double
    private let high: Double
    private let from: Double
    private let to: Double

    init(_ values: [Double], _ scale: LinePlot.Scale, _ from: Double, _ to: Double) {
        self.scale = scale
        self.from = from
        self.to = to
        let shown = values.filter { $0.isFinite && (scale == .linear || $0 > 0) }.map {
            scale == .linear ? $0 : log2($0)
        }
        let least = shown.min() ?? 0
        let most = shown.max() ?? 1
        let margin = most > least ? 0.02 * (most - least) : 0.5
        (low, high) = (least - margin, most + margin)
    }

    func holds(_ value: Double) -> Bool { value.isFinite && (scale == .linear || value > 0) }

    func place(_ value: Double) -> Double {
        let position = scale == .linear ? value : log2(value)
        return from + (position - low) / (high - low) * (to - from)
    }

    /// Four to ten round numbers: 1, 2 or 5 times a power of ten, or powers of two.
    var ticks: [Double] {
        if scale == .logarithmic {
            let step = max(1, ((high - low) / 8).rounded(.up))
            return stride(from: (low / step).rounded(.up) * step, through: high, by: step).map { exp2($0) }
        }
        let rough = (high - low) / 8
        let power = pow(10, log10(rough).rounded(.down))
        let step = [1.0, 2, 5, 10].first { $0 * power >= rough }.map { $0 * power } ?? 10 * power
        return stride(from: (low / step).rounded(.up), through: (high / step).rounded(.down), by: 1).map {
            $0 * step
        }
    }
}
