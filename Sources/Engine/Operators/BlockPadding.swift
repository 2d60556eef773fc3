internal import Net

/// Borders of rows and columns on blocked maps.
struct BlockPadding {
    private typealias Vector = SIMD16<Float>

    /// For each output row and column the input's, or `nil` where a constant is written.
    private let rows: [Int?]
    private let columns: [Int?]
    private let fill: Float

    /// The form of a padding of images [1, C, H, W], if it leaves images and channels alone.
    init?(before: [Int], mode: PadMode, input: Shape, output: Shape) {
        guard input.rank == 4, input[0] == output[0], input[1] == output[1], input[2] > 0, input[3] > 0 else {
            return nil
        }
        rows = (0..<output[2]).map { BlockPadding.source($0 - before[2], input[2], mode) }
        columns = (0..<output[3]).map { BlockPadding.source($0 - before[3], input[3], mode) }
        if case .constant(let value) = mode { fill = value } else { fill = 0 }
    }

    private static func source(_ index: Int, _ extent: Int, _ mode: PadMode) -> Int? {
        if (0..<extent).contains(index) { return index }
        switch mode {
        case .constant: return nil
        case .edge: return min(max(index, 0), extent - 1)
        case .reflect: return index < 0 ? -index : 2 * (extent - 1) - index
        case .wrap: return (index % extent + extent) % extent
        }
    }

    func run(_ x: FeatureMap, into output: FeatureMap, images: Range<Int>) {
        let layout = output.layout
        for image in images {
            for block in 0..<layout.blocks {
                let border = Vector(repeating: fill).replacing(with: 0, where: .!layout.laneMask(block: block))
                for (row, source) in rows.enumerated() {
                    let to = UnsafeMutablePointer(mutating: output.vectors(image: image, block: block, y: row))
                    guard let source else {
                        to.update(repeating: border, count: layout.width)
                        continue
                    }
                    let from = x.vectors(image: image, block: block, y: source)
                    for (column, source) in columns.enumerated() {
                        to[column] = source.map { from[$0] } ?? border
                    }
                }
            }
        }
    }
}
