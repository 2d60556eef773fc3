import Engine
import Testing

@testable import Training

@Suite struct TelemetryTests {
    private func trainer(_ change: (inout TrainingOptions) -> Void = { _ in }) throws -> Trainer {
        let net = Architecture.resnet(depth: 8).blueprint(
            width: 4, end: .normalized, input: MapSize(1, 8, 8), classes: 4)
        var options = TrainingOptions()
        options.batch = 16
        options.epochs = 1
        change(&options)
        return try Trainer(
            net, options: options, images: try randomImages(net.input, count: 64, classes: 4), threads: 2,
            isa: .best)
    }

    @Test(arguments: [
        TrainingPrecision?.none, TrainingPrecision(),
        TrainingPrecision(weights: 4, activations: 32, layerGradients: 4, weightGradients: 32),
    ])
    func `recording a step does not change it, and is off by itself`(precision: TrainingPrecision?) throws {
        let (plain, recorded) = (try trainer { $0.precision = precision }, try trainer { $0.precision = precision })
        while !plain.isDone {
            let (a, b) = (try plain.step(), try recorded.step(recording: TelemetryRequest()))
            #expect(a == b && recorded.telemetry?.step == plain.state.step - 1)
        }
        #expect(plain.state == recorded.state && plain.telemetry == nil)
    }

    @Test func `every layer tells its norms, its effective step and its gradients`() throws {
        let trainer = try trainer()
        while trainer.state.step < 2 { _ = try trainer.step() }
        let rate = trainer.rate
        let weights = try #require(trainer.state.layers[1])
        _ = try trainer.step(recording: TelemetryRequest())
        let telemetry = try #require(trainer.telemetry)
        #expect(telemetry.layers.map(\.name) == trainer.net.layers.filter { $0.convolution != nil }.map(\.name))
        let layer = telemetry.layers[1]
        let squares = weights.squaredNorms
        func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
        #expect(abs(layer.weightNorm - mean(squares.map { $0.squareRoot() })) < 1e-12)
        #expect(abs(layer.effectiveStep - mean(squares.map { rate / $0 })) < 1e-12)
        let gradients = try #require(trainer.parameterGradients[1])
        #expect(abs(layer.gradientNorm - mean(gradients.squaredNorms.map { $0.squareRoot() })) < 1e-12)
        for layer in telemetry.layers {
            #expect(layer.gradientNorm > 0 && layer.weightGradients.total > 0)
        }
        // Of a Gaussian these are near 1; the last layer is not normalized.
        #expect(abs(layer.sigmaRatios[0] - 1) < 1e-12 && layer.sigmaRatios.count == NormScheme.standard.count)
        #expect(layer.sigmaRatios.allSatisfy { (0.5..<2).contains($0) })
        #expect(telemetry.layers.last?.sigmaRatios == [])
        // 8 images of 4 channels of 8 x 8, and 4 x 4 weights of 3 x 3.
        #expect(layer.layerGradients.total == 8 * 4 * 64 && layer.weightGradients.total == 4 * 4 * 9)
        #expect(layer.layerGradients.lo == -layer.layerGradients.hi)
    }

    @Test func `angles are those of the bits used, and of the bits asked for where the run keeps floats`() throws {
        let coarse = try trainer {
            $0.precision = TrainingPrecision(weights: 2, activations: 8, layerGradients: 32, weightGradients: 32)
        }
        _ = try coarse.step(recording: TelemetryRequest(hypotheticalBits: 3))
        let layer = try #require(coarse.telemetry?.layers[2])
        #expect([layer.weights, layer.activations, layer.gradients].map(\.bits) == [2, 8, 3])
        #expect([layer.weights, layer.activations, layer.gradients].map(\.isUsed) == [true, true, false])
        #expect(layer.weights.degrees > 20 && layer.activations.degrees < 2 && layer.activations.degrees > 0)
        // More bits turn less.
        let float = try trainer()
        var angles: [Double] = []
        for bits in [2, 4, 8] {
            _ = try float.step(recording: TelemetryRequest(hypotheticalBits: bits))
            angles.append(try #require(float.telemetry?.layers[2].gradients.degrees))
        }
        #expect(angles[0] > angles[1] && angles[1] > angles[2])
    }

    @Test func `a norm schedule steps with the peak rate`() throws {
        let trainer = try trainer {
            $0.decay = .normSchedule
            $0.schedule = Schedule(peak: 0.1, shape: .constant, warmUp: 0.5)
        }
        _ = try trainer.step(recording: TelemetryRequest())
        func start(_ trainer: Trainer, _ layer: Int) -> LayerParameters? {
            TrainingState(trainer.net, trainer.options).layers[layer]
        }
        let expected = try #require(start(trainer, 1)).squaredNorms.map { 0.1 / $0 }.reduce(0, +) / 4
        let layers = try #require(trainer.telemetry).layers
        #expect(abs(layers[1].effectiveStep - expected) < 1e-9)
        // The classifier's weights keep to the schedule: warming up, below the peak.
        let last = try #require(start(trainer, trainer.net.layers.count - 1)).squaredNorms
        let rate = trainer.options.schedule.rate(step: 0, of: trainer.stepCount)
        #expect(rate < 0.1)
        let slower = last.map { rate / $0 }.reduce(0, +) / Double(last.count)
        #expect(abs(try #require(layers.last).effectiveStep - slower) < 1e-9)
    }

    @Test func `threads can change between steps`() throws {
        let (one, changing) = (try trainer(), try trainer())
        while !one.isDone {
            changing.threads = 1 + changing.state.step % 3
            _ = try (one.step(), changing.step())
        }
        #expect(one.state == changing.state)
    }
}
