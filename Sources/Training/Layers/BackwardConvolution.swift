public import Engine
internal import Net

/// The convolution of gradients that gives the gradient of a convolution's input.
///
/// With a stride s the input's pixel i = s j + a reads the gradient at j + q − t through the weights r + s t, where a + padding =
/// q s + r: for each a, along each axis, a plain convolution with every s-th weight. No product with a zero between strides is made.
public struct BackwardConvolution: Sendable {
    let phases: [(phase: GradientPhase, convolution: SumConvolution?)]
    let channels: Int
    /// Whether there are strides, so that a phase's pixels do not follow one another.
    let isDivided: Bool

    /// ∂L/∂x of images, added to what `addend` holds: another map or the result itself.
    ///
    /// - Parameter parts: maps of the thread's own, by their layout, reused from call to call.
    public func run(
        _ gradient: FeatureMap, into result: FeatureMap, adding addend: FeatureMap?, images: Range<Int>,
        isa: InstructionSet,
        scratch: Scratch, parts: inout [MapLayout: FeatureMap]
    ) {
        for (phase, convolution) in phases {
            guard let convolution else {
                phase.put(nil, into: result, adding: addend, images)
                continue
            }
            let target = isDivided ? part(of: phase, capacity: result.capacity, &parts) : result
            convolution.run(
                gradient, into: target, adding: isDivided ? nil : addend, images: images, isa: isa, scratch: scratch
            )
            if isDivided { phase.put(target, into: result, adding: addend, images) }
        }
    }

    private func part(
        of phase: GradientPhase, capacity: Int, _ parts: inout [MapLayout: FeatureMap]
    ) -> FeatureMap {
        let layout = MapLayout(channels: channels, height: phase.rows.count, width: phase.columns.count)
        if let known = parts[layout], known.capacity >= capacity { return known }
        let map = FeatureMap(layout: layout, capacity: capacity)
        parts[layout] = map
        return map
    }
}

/// The pixels of an input that lie at one place between strides, and the weights that reach them.
struct GradientPhase: Sendable {
    let rows: Axis
    let columns: Axis

    /// One axis of a phase.
    struct Axis: Sendable {
        /// The first pixel, and from one to the next.
        let start: Int
        let stride: Int
        /// The number of pixels.
        let count: Int
        /// The weights that reach them, by their places in the kernel, empty if none does; those beyond the kernel are 0.
        let taps: [Int]
        /// What a window reads before and behind the gradient; negative where it leaves some of that out.
        let before: Int
        let after: Int

        init(start: Int, stride: Int, kernel: Int, padding: Int, size: Int, outputs: Int) {
            let (quotient, remainder) = (start + padding).quotientAndRemainder(dividingBy: stride)
            self.start = start
            self.stride = stride
            count = max(0, (size - start + stride - 1) / stride)
            let reaching = max(0, (kernel - remainder + stride - 1) / stride)
            // A window never begins behind the pixel it belongs to.
            let length = reaching > 0 ? max(reaching, quotient + 1) : 0
            taps = (0..<length).map { remainder + $0 * stride }
            before = length - 1 - quotient
            after = count + length - 1 - before - outputs
        }
    }

    /// The window over the gradient; `nil` if no weight reaches these pixels.
    var window: Window? {
        guard !rows.taps.isEmpty, !columns.taps.isEmpty else { return nil }
        return Window(
            kernel: Window.Pair(rows.taps.count, columns.taps.count),
            padding: Window.Padding(
                top: rows.before, left: columns.before, bottom: rows.after, right: columns.after))
    }

    /// The halo that the gradient needs.
    var halo: Int { window == nil ? 0 : max(rows.before, rows.after, columns.before, columns.after, 0) }

    /// Puts a phase's pixels where they belong, added to what `addend` has there; without pixels of its own only that, or 0.
    func put(_ part: FeatureMap?, into result: FeatureMap, adding addend: FeatureMap?, _ images: Range<Int>) {
        if part == nil, addend === result { return }
        let layout = result.layout
        result.withFloats(of: images) { target in
            func place(_ part: UnsafeMutableBufferPointer<Float>?, _ more: UnsafeMutableBufferPointer<Float>?) {
                let addendLayout = addend?.layout
                var from = 0
                for image in 0..<images.count {
                    for block in 0..<layout.blocks {
                        for row in 0..<rows.count {
                            let y = rows.start + row * rows.stride
                            let to = layout.offset(image: image, block: block, y: y, x: columns.start)
                            let other =
                                addendLayout?.offset(image: image, block: block, y: y, x: columns.start) ?? 0
                            for column in 0..<columns.count {
                                let step = column * columns.stride * MapLayout.lanes
                                var value = part.map { Lanes($0, from) } ?? .zero
                                if let more { value = Lanes(more, other + step) + value }
                                value.store(target, to + step)
                                from += MapLayout.lanes
                            }
                        }
                    }
                }
            }
            func withAddend(_ part: UnsafeMutableBufferPointer<Float>?) {
                if let addend {
                    addend.withFloats(of: images) { place(part, $0) }
                } else {
                    place(part, nil)
                }
            }
            if let part {
                part.withFloats(of: images) { withAddend($0) }
            } else {
                withAddend(nil)
            }
        }
    }
}
