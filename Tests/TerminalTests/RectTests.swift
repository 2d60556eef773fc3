import Terminal
import Testing

@Suite struct RectTests {
    static let sizes = (0...12).flatMap { width in (0...12).map { Size(width: width, height: $0) } }

    @Test func stackedPartsFillTheRectangleWithoutOverlap() {
        for size in RectTests.sizes {
            let area = Rect(x: 3, y: 4, width: size.width, height: size.height)
            let parts = area.stacked(.cells(2), .share(1), .share(2), .cells(1))
            #expect(parts.count == 4)
            #expect(parts.map(\.height).reduce(0, +) == area.height)
            for (upper, lower) in zip(parts, parts.dropFirst()) { #expect(upper.rows.upperBound == lower.y) }
        }
    }

    @Test func sharesDivideInProportion() {
        let parts = Rect(x: 0, y: 0, width: 10, height: 1).sideBySide(.share(1), .cells(1), .share(2))
        #expect(parts.map(\.columns) == [0..<3, 3..<4, 4..<10])
    }

    @Test func takingMoreThanThereIsLeavesNothing() {
        var area = Rect(x: 1, y: 1, width: 5, height: 2)
        #expect(area.takeTop(9) == Rect(x: 1, y: 1, width: 5, height: 2))
        #expect(area.isEmpty)
        #expect(area.takeBottom(1).isEmpty)
    }

    @Test func insetAndIntersectionNeverGoNegative() {
        for size in RectTests.sizes {
            for amount in -1...7 {
                let inner = Rect(size).inset(by: amount)
                #expect(inner.width >= 0 && inner.height >= 0)
                #expect(inner.isEmpty || inner.intersection(Rect(size)) == inner)
            }
        }
        #expect(Rect(x: 0, y: 0, width: 2, height: 2).intersection(Rect(x: 5, y: 5, width: 2, height: 2)).isEmpty)
    }
}
