import Net
import Testing

@Suite struct ShapeTests {
    @Test func stridesAreThoseOfRowMajorOrder() {
        let shape: Shape = [2, 3, 4]
        #expect(shape.strides == [12, 4, 1])
        #expect(shape.count == 24)
        #expect(Shape([]).count == 1 && Shape([]).strides.isEmpty)
        #expect("\(shape)" == "2×3×4")
    }

    @Test func negativeAndOverflowingDimensionsAreRefused() {
        #expect(Shape(validating: [2, -1]) == nil)
        #expect(Shape(validating: [1 << 40, 1 << 40]) == nil)
        #expect(Shape(validating: [0, 5])?.count == 0)
    }
}
