import Net
import Testing

@Suite struct PreprocessingTests {
    private func load(_ layout: LabeledImages.Layout, _ pixels: [UInt8], _ order: Preprocessing.ChannelOrder) throws
        -> [Float]
    {
        let images = try #require(
            LabeledImages(pixels: .bytes(pixels), layout: layout, count: 1, channels: 3, height: 1, width: 2))
        var values = [Float](repeating: 0, count: 6)
        let preprocessing = Preprocessing(
            scale: 0.5, mean: [1, 2, 3], standardDeviation: [2], channelOrder: order)
        values.withUnsafeMutableBufferPointer { preprocessing.load(0, of: images, into: $0) }
        return values
    }

    @Test func bothLayoutsGiveTheSameInput() throws {
        let planar = try load(.nchw, [10, 20, 30, 40, 50, 60], .rgb)
        #expect(planar == [2, 4.5, 6.5, 9, 11, 13.5])
        #expect(try load(.nhwc, [10, 30, 50, 20, 40, 60], .rgb) == planar)
    }

    @Test func aNetMayReadChannelsLast() throws {
        let images = try #require(
            LabeledImages(
                pixels: .bytes([10, 20, 30, 40, 50, 60]), layout: .nchw, count: 1, channels: 3, height: 1, width: 2)
        )
        var values = [Float](repeating: 0, count: 6)
        values.withUnsafeMutableBufferPointer {
            Preprocessing(scale: 1).load(0, of: images, as: .nhwc, into: $0)
        }
        #expect(values == [10, 30, 50, 20, 40, 60])
    }

    @Test func bgrReversesTheChannelsBeforeTheMean() throws {
        #expect(try load(.nchw, [10, 20, 30, 40, 50, 60], .bgr) == [12, 14.5, 6.5, 9, 1, 3.5])
    }

    @Test func pixelsAndLabelsMustMatchTheCount() {
        #expect(
            LabeledImages(pixels: .bytes([1]), layout: .nchw, count: 1, channels: 1, height: 1, width: 2) == nil)
        #expect(
            LabeledImages(
                pixels: .bytes([1]), layout: .nchw, count: 1, channels: 1, height: 1, width: 1, labels: [1, 2])
                == nil)
    }
}
