import Quant
import Testing

@testable import Engine
@testable import Workbench

/// Runs that start again at checkpoints give what cold runs give, bit for bit.
@Suite struct CheckpointTests {
    @Test(arguments: ["fashion-resnet20", "fashion-mobilenet", "fashion-vgg"])
    func randomEditsGiveWhatColdRunsGive(name: String) async throws {
        let subject = try Sample.subject(name, images: 40)
        var session = Session(subject, configuration: Configuration(.standard, for: subject.net))
        _ = session.receive(.calibrated(try await Sample.calibration(of: subject)))
        let cache = CheckpointCache(budget: 64 << 20)
        var random: UInt64 = 7
        func pick(_ count: Int) -> Int {
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((random >> 33) % UInt64(count))
        }
        for round in 0..<16 {
            let plan = try #require(session.plan)
            let program = Program(subject.net, plan: plan)
            // Now and then a run sees some of the images only, as a cancelled one does.
            if pick(3) == 0 {
                try await Evaluation(program, on: subject.measured, options: subject.options, cache: cache)
                    .run(positions: 0..<16) { _ in }
            }
            let warm = try await Evaluation(
                program, on: subject.measured, options: subject.options, cache: cache
            ).values()
            let cold = try await Evaluation(program, on: subject.measured, options: subject.options).values()
            #expect(warm == cold, "round \(round): \(session.notice?.text ?? "")")
            let changes: [Change] = [
                .precision(.activations, .bits(1 + pick(8))), .precision(.weights, .bits(1 + pick(8))),
                .precision(Target.allCases[pick(2)], .float), .allocation(AllocationChoice.allCases[pick(4)]),
                .clipping(Target.allCases[pick(2)], [.minMax, .laplace, .auto][pick(3)]),
                .granularity(Granularity.allCases[pick(2)]),
                .correction(BiasCorrection.allCases[pick(3)]),
            ]
            _ = session.update(.select(pick(subject.net.layers.count)))
            _ = session.update(.edit(changes[pick(changes.count)]))
            if pick(4) == 0 { _ = session.update(.editNet(.residual(ResidualStorage.allCases[pick(3)]))) }
            if pick(5) == 0 { _ = session.update(.undo) }
        }
        #expect(cache.byteCount > 0 && cache.byteCount <= cache.budget)
    }

    @Test func aCacheThatDoesNotFollowServesManyPrograms() async throws {
        let subject = try Sample.subject("fashion-resnet20", images: 24)
        let calibration = try await Sample.calibration(of: subject)
        let cache = CheckpointCache(budget: 64 << 20)
        let float = Program(subject.net)
        _ = try await Evaluation(float, on: subject.measured, options: subject.options, cache: cache).values()
        let bytes = cache.byteCount
        for layer in [19, 3, 11] {
            var configuration = Configuration(.standard, for: subject.net)
            for index in configuration.layers.indices where index != layer {
                configuration.layers[index].weights = .float
                configuration.layers[index].activations = .float
            }
            configuration.residual = .float
            let program = Program(
                subject.net,
                plan: QuantizationPlan(net: subject.net, calibration: calibration, configuration: configuration))
            let warm = try await Evaluation(
                program, on: subject.measured, options: subject.options, cache: cache, isFollowed: false
            ).values()
            let cold = try await Evaluation(program, on: subject.measured, options: subject.options).values()
            #expect(warm == cold && cache.byteCount == bytes)
        }
    }

    @Test func aRunOfFewerImagesLeavesNothingWrongForMore() async throws {
        let subject = try Sample.subject("fashion-mobilenet", images: 40)
        let program = Program(subject.net)
        let cache = CheckpointCache(budget: 64 << 20)
        let evaluation = Evaluation(program, on: subject.measured, options: subject.options, cache: cache)
        let cold = try await Evaluation(program, on: subject.measured, options: subject.options).values()
        // Runs that end within a batch of the longer ones.
        for count in [1, 3, 17, 39, 40] {
            #expect(try await evaluation.values(of: 0..<count) == Array(cold.prefix(count * program.logitCount)))
        }
    }

    @Test func aRunThatTheCacheHasLeftKeepsNothing() async throws {
        let subject = try Sample.subject("fashion-vgg", images: 16)
        let cache = CheckpointCache(budget: 64 << 20)
        let calibration = try await Sample.calibration(of: subject)
        let plan = QuantizationPlan(
            net: subject.net, calibration: calibration, configuration: Configuration(.standard, for: subject.net))
        let (before, after) = (Program(subject.net), Program(subject.net, plan: plan))
        let access = cache.begin(before, images: 16, isFollowed: true)
        let execution = Execution(before, capacity: access.batch, isa: subject.options.isa)
        let evaluation = Evaluation(after, on: subject.measured, options: subject.options, cache: cache)
        _ = try await evaluation.values(of: 0..<1)
        // The run before goes on for a while, as one that is being cancelled does.
        _ = try execution.logits(of: 0..<16, subject.measured, access) { false }
        let cold = try await Evaluation(after, on: subject.measured, options: subject.options).values()
        #expect(try await evaluation.values() == cold)
    }

    @Test func theBudgetHolds() async throws {
        let subject = try Sample.subject("fashion-resnet20", images: 24)
        let program = Program(subject.net)
        for budget in [0, 100_000, 1_000_000] {
            let cache = CheckpointCache(budget: budget)
            _ = try await Evaluation(program, on: subject.measured, options: subject.options, cache: cache).values()
            #expect(cache.byteCount <= budget)
        }
    }

    @Test func residualNetsHaveACheckpointAfterEveryBlock() throws {
        let chain = try Sample.subject("fashion-vgg", images: 1).net
        #expect(chain.checkpoints.map(\.unit) == Array(0..<chain.units.count - 1))
        let residual = try Sample.subject("fashion-resnet20", images: 1).net
        // The first convolution, nine blocks, then pooling and what follows it up to the last layer.
        #expect(residual.checkpoints.count >= 10 && residual.checkpoints.count < residual.units.count)
    }
}
