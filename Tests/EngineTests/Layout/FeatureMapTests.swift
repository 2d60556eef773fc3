import Engine
import Testing

struct FeatureMapTests {
    @Test(arguments: [1, 3, 16, 17, 48], [0, 1, 3])
    func planarValuesSurviveTheRoundTrip(channels: Int, halo: Int) {
        let layout = MapLayout(channels: channels, height: 4, width: 7, halo: halo)
        let map = FeatureMap(layout: layout, capacity: 3)
        let values = (0..<2 * layout.elements).map { Float($0 + 1) }
        map.load(planar: values, into: 1..<3)
        #expect(map.planar(1..<3) == values)
        #expect(map.planar(0..<1) == [Float](repeating: 0, count: layout.elements))
        #expect(map[1, channels - 1, 3, 6] == values[layout.elements - 1])
    }

    @Test func elementsLieWhereTheLayoutSays() {
        let layout = MapLayout(channels: 20, height: 3, width: 5, halo: 2)
        let map = FeatureMap(layout: layout, capacity: 2)
        map[1, 18, 2, 4] = 7
        let offset = (((1 * 2 + 1) * (3 + 4) + 2 + 2) * (5 + 4) + 4 + 2) * 16 + 2
        map.withFloats(of: 0..<2) { floats in
            #expect(floats.count == 2 * 2 * 7 * 9 * 16)
            #expect(floats[offset] == 7 && floats.count { $0 != 0 } == 1)
        }
        #expect(layout.offset(image: 1, block: 1, y: 2, x: 4) == offset - 2)
    }

    @Test func memoryIsAlignedToCacheLines() {
        for width in 1...9 {
            let map = FeatureMap(layout: MapLayout(channels: 3, height: 1, width: width), capacity: 1)
            map.withFloats(of: 0..<1) { #expect(UInt(bitPattern: $0.baseAddress) % 64 == 0) }
        }
    }

    @Test func clearingTheHaloKeepsTheInterior() {
        let layout = MapLayout(channels: 17, height: 3, width: 4, halo: 2)
        let map = FeatureMap(layout: layout, capacity: 2)
        map.withFloats(of: 0..<2) { $0.update(repeating: 5) }
        map.clearHalo(of: 1..<2)
        map.withFloats(of: 0..<1) { #expect($0.allSatisfy { $0 == 5 }) }
        map.withFloats(of: 1..<2) { #expect($0.count { $0 == 5 } == 2 * 3 * 4 * 16 && $0.count { $0 == 0 } > 0) }
        #expect(map.planar(1..<2).allSatisfy { $0 == 5 })
    }
}
