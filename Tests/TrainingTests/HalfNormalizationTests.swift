import Engine
import Net
import Testing

@testable import Training

/// The kernels of half precision against Swift's own numbers of half precision, one value at a time.
@Suite struct HalfNormalizationTests {
    /// One channel of a batch, [image][row][column], by the definition in docs/training.md.
    private struct Reference {
        let mean: Float16
        let sigma: Float16
        let values: [Float16]

        init(_ x: [[[Float16]]], _ scheme: NormScheme, scale: Float16, shift: Float16) {
            func sum(_ values: [Float16]) -> Float16 { values.reduce(0) { $0 + $1 } }
            func average(_ values: [Float16]) -> Float16 { sum(values) / Float16(values.count) }
            func average(_ term: (Float16) -> Float16) -> Float16 {
                average(x.map { image in average(image.map { row in average(row.map(term)) }) })
            }
            let mean = average { $0 }
            let offsets = x.flatMap { $0.flatMap { $0.map { $0 - mean } } }
            let constant = Float16(scheme.constant(count: offsets.count))
            switch scheme {
            case .l2: sigma = average { ($0 - mean) * ($0 - mean) }.squareRoot()
            case .l1: sigma = constant * average { abs($0 - mean) }
            case .lInfinity: sigma = constant * (offsets.map { abs($0) }.max() ?? 0)
            case .topK(let k):
                sigma = constant * (sum(Array(offsets.map { abs($0) }.sorted(by: >).prefix(k))) / Float16(k))
            case .range: sigma = constant * ((offsets.max() ?? 0) - (offsets.min() ?? 0))
            }
            let factor = 1 / (sigma * sigma + Float16(1e-5)).squareRoot()
            values = offsets.map { $0 * factor * scale + shift }
            self.mean = mean
        }
    }

    /// A net whose layers' sums have deviations from far below to far above 1.
    private func trainer(
        _ scheme: NormScheme, _ isa: InstructionSet = .best, size: Float, threads: Int = 2
    ) throws -> Trainer {
        let net = Architecture.resnet(depth: 8).blueprint(
            width: 17, end: .normalized, input: MapSize(2, 6, 7), classes: 3)
        var options = TrainingOptions()
        options.norm = scheme
        options.normPrecision = .half
        options.batch = 11
        options.epochs = 3
        options.augmentation = .none
        options.schedule = Schedule(peak: 0.01, shape: .constant)
        let trainer = try Trainer(
            net, options: options, images: try randomImages(net.input, count: 22, classes: 3), threads: threads,
            isa: isa)
        let weights = try #require(trainer.state.layers[0]).weights
        trainer.state.layers[0]?.weights = weights.map { size * $0 }
        trainer.state.layers[0]?.scale = (0..<17).map { 1 - 0.03 * Float($0) }
        trainer.state.layers[0]?.shift = (0..<17).map { 0.01 * Float($0) }
        return trainer
    }

    @Test(arguments: NormScheme.standard, InstructionSet.available)
    func `every operation is that of half precision, at every level`(scheme: NormScheme, isa: InstructionSet) throws
    {
        // Squares of the smallest are subnormal, of the largest infinite.
        for size: Float in [1e-3, 1, 40, 300] {
            let trainer = try trainer(scheme, isa, size: size)
            let parameters = try #require(trainer.state.layers[0])
            trainer.prepareWeights()
            _ = try trainer.loadBatch()
            trainer.runForward()
            let found = try #require(trainer.found[0])
            let raw = trainer.shards.flatMap { $0.raw[0]?.planar($0.all) ?? [] }
            let values = trainer.shards.flatMap { $0.values[1].planar($0.all) }
            #expect(raw.allSatisfy { Float(Float16($0)) == $0 })
            for channel in [0, 8, 16] {
                let x = (0..<11).map { image in
                    (0..<6).map { row in
                        (0..<7).map { Float16(raw[((image * 17 + channel) * 6 + row) * 7 + $0]) }
                    }
                }
                let expected = Reference(
                    x, scheme, scale: Float16(parameters.scale[channel]), shift: Float16(parameters.shift[channel]))
                #expect(Double(expected.mean) == found.mean[channel], "\(scheme), \(size)")
                #expect(Double(expected.sigma) == found.sigma[channel], "\(scheme), \(size)")
                for (place, value) in expected.values.enumerated() {
                    let (image, pixel) = (place / 42, place % 42)
                    // The activation comes after it.
                    #expect(
                        max(0, Float(value)) == values[(image * 17 + channel) * 42 + pixel], "\(scheme), \(size)")
                }
            }
        }
    }

    @Test func `steps in half precision do not depend on the number of threads`() throws {
        let states = try [1, 3].map { threads in
            let trainer = try trainer(.l1, size: 1, threads: threads)
            while !trainer.isDone { _ = try trainer.step() }
            return trainer.state
        }
        #expect(states[0] == states[1])
    }

    @Test func `squares that overflow end a run, magnitudes do not`() throws {
        // Sums have deviations of about 150, and squares of values beyond 256 are infinite.
        func lasts(_ scheme: NormScheme) throws -> Bool {
            let trainer = try trainer(scheme, size: 300)
            do {
                for _ in 0..<4 { _ = try trainer.step() }
                return true
            } catch TrainingError.notFinite {
                return false
            }
        }
        #expect(try !lasts(.l2))
        #expect(try lasts(.l1) && lasts(.range(.standard)))
    }
}
