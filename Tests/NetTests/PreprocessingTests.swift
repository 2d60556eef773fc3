import Net
import Testing

@Suite struct PreprocessingTests {
    private func load(_ layout: LabeledImages.Layout, _ pixels: [UInt8], _ order: Preprocessing.ChannelOrder) throws
        -> [Float]
    {
        let stored = try #require(MemoryPixels(.bytes(pixels), count: 1))
        let images = try #require(LabeledImages(pixels: stored, layout: layout, channels: 3, height: 1, width: 2))
        var values = [Float](repeating: 0, count: 6)
        let preprocessing = Preprocessing(
            scale: 0.5, mean: [1, 2, 3], standardDeviation: [2], channelOrder: order)
        try values.withUnsafeMutableBufferPointer { try preprocessing.load(0, of: images, into: $0) }
        return values
    }

    @Test func bothLayoutsGiveTheSameInput() throws {
        let planar = try load(.nchw, [10, 20, 30, 40, 50, 60], .rgb)
        #expect(planar == [2, 4.5, 6.5, 9, 11, 13.5])
        #expect(try load(.nhwc, [10, 30, 50, 20, 40, 60], .rgb) == planar)
    }

    @Test func aNetMayReadChannelsLast() throws {
        let stored = try #require(MemoryPixels(.bytes([10, 20, 30, 40, 50, 60]), count: 1))
        let images = try #require(LabeledImages(pixels: stored, layout: .nchw, channels: 3, height: 1, width: 2))
        var values = [Float](repeating: 0, count: 6)
        try values.withUnsafeMutableBufferPointer {
            try Preprocessing(scale: 1).load(0, of: images, as: .nhwc, into: $0)
        }
        #expect(values == [10, 30, 50, 20, 40, 60])
    }

    @Test func bgrReversesTheChannelsBeforeTheMean() throws {
        #expect(try load(.nchw, [10, 20, 30, 40, 50, 60], .bgr) == [12, 14.5, 6.5, 9, 1, 3.5])
    }

    @Test func pixelsAndLabelsMustMatchTheCount() throws {
        let one = try #require(MemoryPixels(.bytes([1]), count: 1))
        #expect(LabeledImages(pixels: one, layout: .nchw, channels: 1, height: 1, width: 2) == nil)
        #expect(LabeledImages(pixels: one, layout: .nchw, channels: 1, height: 1, width: 1, labels: [1, 2]) == nil)
        #expect(MemoryPixels(.bytes([1, 2, 3]), count: 2) == nil && MemoryPixels(.bytes([1]), count: 0) == nil)
    }

    @Test func theFirstImagesShareTheirPixels() throws {
        let all = try #require(MemoryPixels(.bytes([1, 2, 3]), count: 3))
        let images = try #require(
            LabeledImages(pixels: all, layout: .nchw, channels: 1, height: 1, width: 1, labels: [4, 5, 6]))
        let first = images.prefix(2)
        #expect(first.count == 2 && first.labels == [4, 5] && first.pixels.count == 3)
        #expect(images.prefix(9).count == 3 && images.prefix(-1).count == 3)
        #expect(first.with(labels: [7, 8])?.labels == [7, 8] && first.with(labels: [7]) == nil)
    }
}
