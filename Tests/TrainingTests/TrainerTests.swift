import Engine
import Net
import Testing

@testable import Training

/// Random images with labels, as bytes in memory.
func randomImages(_ size: MapSize, count: Int, classes: Int, seed: UInt64 = 7) throws -> TrainingImages {
    var random = SeededGenerator(seed: seed)
    let values = (0..<count * size.count).map { _ in Float(random.gauss()) }
    let pixels = FloatPixels(values: values, elementsPerImage: size.count)
    let images = try #require(
        LabeledImages(
            pixels: pixels, layout: .nchw, channels: size.channels, height: size.height, width: size.width,
            labels: (0..<count).map { _ in Int(random.next() % UInt64(classes)) }))
    return try #require(TrainingImages(images, Preprocessing(scale: 1)))
}

/// Pixels in memory.
struct FloatPixels: PixelStore {
    let values: [Float]
    let elementsPerImage: Int
    var count: Int { values.count / elementsPerImage }

    func withPixels(of image: Int, _ body: (StoredPixels) -> Void) {
        values[image * elementsPerImage..<(image + 1) * elementsPerImage].withUnsafeBufferPointer {
            body(.floats($0))
        }
    }
}

@Suite struct TrainerTests {
    private func options(_ change: (inout TrainingOptions) -> Void = { _ in }) -> TrainingOptions {
        var options = TrainingOptions()
        options.batch = 10
        options.epochs = 1
        options.augmentation = .none
        change(&options)
        return options
    }

    /// Compares the gradients of every kind of parameter of every layer with central differences of the loss.
    private func check(
        _ architecture: Architecture, _ options: TrainingOptions, end: ConvolutionBlueprint.End,
        _ isa: InstructionSet = .best, size: MapSize = MapSize(1, 8, 8), width: Int = 3, samples: Int = 4
    ) throws {
        let net = architecture.blueprint(width: width, end: end, input: size, classes: 3)
        let images = try randomImages(size, count: options.batch, classes: 3)
        let trainer = try Trainer(net, options: options, images: images, threads: 2, isa: isa)
        // Other than at the start, so that nothing is 0 or 1.
        var random = SeededGenerator(seed: 3)
        for layer in net.layers.indices {
            guard let parameters = trainer.state.layers[layer] else { continue }
            trainer.state.layers[layer]?.scale = parameters.scale.map { _ in Float(1 + 0.2 * random.gauss()) }
            trainer.state.layers[layer]?.shift = parameters.shift.map { _ in Float(0.3 * random.gauss()) }
        }
        let start = trainer.state.layers
        let result = try trainer.computeGradients()
        let order = images.order(seed: options.seed, epoch: 0)
        let reference = ReferenceNet(
            net: net, options: options,
            images: try order.map { try images.load($0, .none, CounterGenerator(seed: 0, stream: 0), place: 0) },
            labels: order.map { images.labels[$0] })
        #expect(abs(result.loss - (try reference.loss(start))) < 1e-5)
        for layer in net.layers.indices {
            guard let gradients = trainer.parameterGradients[layer] else { continue }
            let paths: [(String, WritableKeyPath<LayerParameters, [Float]>)] = [
                ("weights", \.weights), ("gains", \.gains), ("scale", \.scale), ("shift", \.shift),
            ]
            for (name, path) in paths {
                let found = gradients[keyPath: path]
                if name == "gains", options.weightNorm != .trained { continue }
                let largest = found.reduce(0) { max($0, abs($1)) }
                let chosen = (0..<min(samples, found.count)).map { _ in Int(random.next() % UInt64(found.count)) }
                for index in chosen {
                    let expected = try reference.derivative(start, layer: layer, path, index)
                    let error = abs(Double(found[index]) - expected)
                    #expect(
                        error <= 1e-4 * Double(largest) + 1e-7,
                        "\(net.layers[layer].name) \(name) \(index): \(found[index]), differences give \(expected)")
                }
            }
        }
    }

    @Test(arguments: NormScheme.standard)
    func `gradients of a residual net are the differences of its loss, by every scheme`(scheme: NormScheme) throws {
        try check(.resnet(depth: 8), options { $0.norm = scheme }, end: .normalized)
    }

    @Test(arguments: InstructionSet.available)
    func `gradients of every layer are right at every level`(isa: InstructionSet) throws {
        try check(.mobilenet, options(), end: .normalized, isa)
        try check(.vgg, options(), end: .biased, isa)
        try check(.mlp, options(), end: .normalized, isa)
        try check(
            .resnet(depth: 8), options(), end: .normalized, isa, size: MapSize(3, 7, 9), width: 17, samples: 1)
    }

    @Test(arguments: [WeightNorm.trained, .bounded(.l2), .bounded(.l1), .bounded(.lInfinity)])
    func `gradients go through the normalization of weights`(norm: WeightNorm) throws {
        try check(.resnet(depth: 8), options { $0.weightNorm = norm }, end: .biased)
    }

    @Test(arguments: [
        TrainingPrecision?.none, TrainingPrecision(),
        TrainingPrecision(weights: 4, activations: 4, layerGradients: 6, weightGradients: 8),
    ])
    func `steps do not depend on the number of threads`(precision: TrainingPrecision?) throws {
        let net = Architecture.resnet(depth: 8).blueprint(
            width: 4, end: .normalized, input: MapSize(1, 8, 8), classes: 4)
        let images = try randomImages(net.input, count: 60, classes: 4)
        let states = try [1, 2, 5].map { threads in
            let trainer = try Trainer(
                net,
                options: options {
                    $0.precision = precision
                    $0.batch = 20
                    $0.norm = .range(.standard)
                    $0.augmentation = Augmentation(shift: 2, flips: true)
                }, images: images, threads: threads, isa: .best)
            while !trainer.isDone { _ = try trainer.step() }
            return trainer.state
        }
        #expect(states[0] == states[1] && states[1] == states[2])
    }

    @Test func `a run that goes on from a state ends where an uninterrupted one does`() throws {
        let net = Architecture.mobilenet.blueprint(
            width: 4, end: .normalized, input: MapSize(1, 8, 8), classes: 4)
        let images = try randomImages(net.input, count: 40, classes: 4)
        let chosen = options { $0.epochs = 3 }
        let whole = try Trainer(net, options: chosen, images: images, threads: 2, isa: .best)
        var middle: TrainingState?
        while !whole.isDone {
            _ = try whole.step()
            if whole.state.step == 5 { middle = whole.state }
        }
        let rest = try Trainer(net, options: chosen, images: images, threads: 1, isa: .best, state: middle)
        while !rest.isDone { _ = try rest.step() }
        #expect(rest.state == whole.state)
    }

    @Test func `a normalized layer does not depend on the size of its weights`() throws {
        let net = Architecture.resnet(depth: 8).blueprint(
            width: 4, end: .normalized, input: MapSize(1, 8, 8), classes: 4)
        let images = try randomImages(net.input, count: 32, classes: 4)
        let trainer = try Trainer(net, options: options { $0.batch = 32 }, images: images, threads: 2, isa: .best)
        let loss = try trainer.computeGradients().loss
        let before = try #require(trainer.parameterGradients[1])
        let larger = try #require(trainer.state.layers[1]).weights.map { 8 * $0 }
        trainer.state.layers[1]?.weights = larger
        #expect(abs(try trainer.computeGradients().loss - loss) < 1e-5)
        let after = try #require(trainer.parameterGradients[1])
        for (a, b) in zip(before.weights, after.weights) { #expect(abs(a / 8 - b) <= 1e-3 * abs(b) + 1e-6) }
    }

    @Test func `the tensors of a step are those it worked with`() throws {
        let net = Architecture.resnet(depth: 8).blueprint(
            width: 4, end: .normalized, input: MapSize(1, 8, 8), classes: 4)
        let images = try randomImages(net.input, count: 32, classes: 4)
        let trainer = try Trainer(net, options: options { $0.batch = 32 }, images: images, threads: 2, isa: .best)
        let before = trainer.state
        let tensors = try trainer.tensors(ofConvolution: 2)
        #expect(tensors.map(\.name).allSatisfy { $0.hasPrefix("resnet8 conv2_1b") })
        #expect(tensors.map(\.values.count) == [144, 32 * 4 * 64, 32 * 4 * 64, 144])
        #expect(tensors[0].values == before.layers[2]?.weights)
        // What goes through a normalization has no part along the mean: gradients of a channel add up to 0.
        let plane = tensors[2].values.prefix(64)
        #expect(plane.contains { $0 != 0 })
        let sums = (0..<4).map { channel in
            (0..<32).reduce(0.0) { sum, image in
                let start = (image * 4 + channel) * 64
                return sum + tensors[2].values[start..<start + 64].reduce(0) { $0 + Double($1) }
            }
        }
        for sum in sums { #expect(abs(sum) < 1e-4) }
        #expect(trainer.state.layers.map { $0?.weights } == before.layers.map { $0?.weights })
    }

    @Test func `a net learns what its labels depend on`() throws {
        let net = Architecture.resnet(depth: 8).blueprint(
            width: 8, end: .normalized, input: MapSize(1, 8, 8), classes: 2)
        // The class is the sign of the first rows' mean.
        let random = try randomImages(net.input, count: 256, classes: 2)
        let labels = try (0..<256).map { index in
            let values = try random.load(index, .none, CounterGenerator(seed: 0, stream: 0), place: 0)
            return values.prefix(32).reduce(0, +) > 0 ? 1 : 0
        }
        let images = try #require(
            random.images.with(labels: labels).flatMap { TrainingImages($0, random.preprocessing) })
        for precision in [TrainingPrecision?.none, TrainingPrecision()] {
            let trainer = try Trainer(
                net,
                options: options {
                    $0.batch = 32
                    $0.epochs = 8
                    $0.precision = precision
                }, images: images, threads: 2, isa: .best)
            var last: [StepResult] = []
            while !trainer.isDone {
                last.append(try trainer.step())
                if last.count > 8 { last.removeFirst() }
            }
            let correct = last.reduce(0) { $0 + $1.correct }
            #expect(correct > 240, "\(correct) of 256")
        }
    }
}

@Suite struct DecayTests {
    private func trainer(_ decay: WeightDecay, records: Bool = false, epochs: Int = 3, drops: [Double] = [0.5])
        throws
        -> Trainer
    {
        let net = Architecture.resnet(depth: 8).blueprint(
            width: 4, end: .normalized, input: MapSize(1, 8, 8), classes: 4)
        var options = TrainingOptions()
        options.batch = 16
        options.epochs = epochs
        options.augmentation = .none
        options.decay = decay
        options.schedule = Schedule(peak: 0.1, shape: .steps(drops))
        return try Trainer(
            net, options: options, images: try randomImages(net.input, count: 64, classes: 4), threads: 2,
            isa: .best,
            recordsNorms: records)
    }

    @Test func `scheduled norms grow as rates would fall`() throws {
        let trainer = try trainer(.normSchedule)
        let first = try #require(trainer.state.layers[1]).squaredNorms
        while trainer.state.step < 5 { _ = try trainer.step() }
        let early = try #require(trainer.state.layers[1]).squaredNorms
        while !trainer.isDone { _ = try trainer.step() }
        let late = try #require(trainer.state.layers[1]).squaredNorms
        for ((a, b), c) in zip(zip(first, early), late) {
            #expect(abs(b / a - 1) < 1e-4)
            #expect(abs(c / a - 10) < 1e-3)
        }
    }

    @Test func `only weights before a normalization have scheduled norms, all else scheduled rates`() throws {
        let (scheduled, plain) = (try trainer(.normSchedule, drops: [0]), try trainer(.off, drops: [0]))
        _ = (try scheduled.step(), try plain.step())
        for (index, layer) in scheduled.net.layers.enumerated() {
            guard let a = scheduled.state.layers[index], let b = plain.state.layers[index] else { continue }
            #expect(a.scale == b.scale && a.shift == b.shift)
            #expect((a.weights == b.weights) == (layer.convolution?.end != .normalized))
        }
    }

    @Test func `corrected rates give the first steps of a run with decay`() throws {
        let with = try trainer(.on(5e-4), records: true)
        while !with.isDone { _ = try with.step() }
        let record = try #require(with.normRecord)
        #expect(record.squares.count == with.stepCount)
        let corrected = try trainer(.corrected(record))
        // The same norms at the start: nothing is corrected yet, and only decay itself is missing.
        _ = try corrected.step()
        let fresh = try trainer(.off)
        _ = try fresh.step()
        #expect(corrected.state == fresh.state)
        while !corrected.isDone { _ = try corrected.step() }
        while !fresh.isDone { _ = try fresh.step() }
        #expect(corrected.state != fresh.state)
    }

    @Test func `an epoch's effective steps are those of the rates that were applied`() throws {
        func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
        func ended(_ trainer: Trainer) throws -> (trainer: Trainer, steps: [Double]) {
            while !trainer.isEpochDone { _ = try trainer.step() }
            trainer.endEpoch(testAccuracy: nil)
            return (trainer, try #require(trainer.state.epochs.last).effectiveSteps)
        }
        // All epochs at a tenth of the peak: norms ‖w₀‖² × 10 and the peak make η / ‖w₀‖², the classifier has the rate of the schedule.
        let first = try trainer(.normSchedule, drops: [0])
        let start = try #require(first.state.layers[1]).squaredNorms
        let (scheduled, steps) = try ended(first)
        #expect(abs(steps[1] / mean(start.map { 0.01 / $0 }) - 1) < 1e-4)
        let classifier = try #require(scheduled.state.layers.last ?? nil).squaredNorms
        #expect(abs(try #require(steps.last) - mean(classifier.map { 0.01 / $0 })) < 1e-12)
        // Corrected rates make the steps of the run whose norms they follow.
        let (with, _) = try ended(try trainer(.on(0.1), records: true))
        let record = try #require(with.normRecord)
        let (_, corrected) = try ended(try trainer(.corrected(record)))
        #expect(abs(corrected[1] / mean(record.squares[3][1].map { 0.1 / $0 }) - 1) < 1e-9)
    }

    @Test func `a state of another net is refused`() throws {
        let trainer = try trainer(.off)
        let other = Architecture.mlp.blueprint(width: 4, end: .normalized, input: MapSize(1, 8, 8), classes: 4)
        #expect(throws: TrainingError.otherNet) {
            try Trainer(
                other, options: trainer.options, images: try randomImages(other.input, count: 64, classes: 4),
                threads: 1,
                isa: .best, state: trainer.state)
        }
    }
}
