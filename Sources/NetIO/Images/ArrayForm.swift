import Net

/// An array's axes understood as images.
struct ArrayForm: Hashable {
    let layout: LabeledImages.Layout
    let count: Int
    let channels: Int
    let size: ImageSize
    /// Set when the shape fits both layouts.
    let note: DataNote?

    /// A form that a format prescribes.
    init(layout: LabeledImages.Layout, count: Int, channels: Int, size: ImageSize) {
        self.layout = layout
        self.count = count
        self.channels = channels
        self.size = size
        note = nil
    }

    /// Reads [N, C, H, W], [N, H, W, C] or [N, H, W]; without `layout`, one or three channels tell which.
    init(_ shape: Shape, _ layout: LabeledImages.Layout?, file: String) throws(DataError) {
        let axes = shape.dimensions
        guard axes.allSatisfy({ $0 > 0 }), shape.rank == 3 || shape.rank == 4 else {
            throw .shape(
                file: file, expected: "[N, C, H, W], [N, H, W, C] or [N, H, W] without empty axes", found: shape)
        }
        count = axes[0]
        guard shape.rank == 4 else {
            self.layout = layout ?? .nchw
            channels = 1
            size = ImageSize(width: axes[2], height: axes[1])
            note = nil
            return
        }
        let isFirst = [1, 3].contains(axes[1])
        let isLast = [1, 3].contains(axes[3])
        if let layout {
            self.layout = layout
            note = nil
        } else if isFirst || isLast {
            self.layout = isFirst ? .nchw : .nhwc
            note = isFirst && isLast ? .ambiguousLayout(file: file, taken: .nchw) : nil
        } else {
            throw .unknownLayout(file: file, shape: shape)
        }
        channels = self.layout == .nchw ? axes[1] : axes[3]
        size =
            self.layout == .nchw
            ? ImageSize(width: axes[3], height: axes[2]) : ImageSize(width: axes[2], height: axes[1])
    }

    /// Elements of one image.
    var elements: Int { channels * size.width * size.height }
    /// Separate planes of one image.
    var planes: Int { layout == .nchw ? channels : 1 }
    /// Neighbouring elements that belong to one pixel.
    var depth: Int { layout == .nchw ? 1 : channels }
}
