internal import Engine
internal import Quant

/// Nets trained in different ways, quantized after training by the explorer's own core.
extension TrainingExperiment {
    func quantizability(_ progress: Progress, _ cancelled: () -> Bool) async throws -> ExperimentReport {
        let outcomes = try await outcomes(
            of: [
                Variant(name: "l2", options: standard), Variant(name: "l1", options: options { $0.norm = .l1 }),
                Variant(name: "linf", options: options { $0.norm = .lInfinity }),
                Variant(name: "range", options: options { $0.norm = .range(.standard) }),
                Variant(
                    name: "range, 8 bits",
                    options: options {
                        $0.norm = .range(.standard)
                        $0.precision = TrainingPrecision()
                    }),
                Variant(
                    name: "range, 4 bits forward",
                    options: options {
                        $0.norm = .range(.standard)
                        $0.precision = TrainingPrecision(weights: 4, activations: 4)
                    }),
                Variant(name: "l2, no decay", options: options { $0.decay = .off }),
                Variant(
                    name: "l2, bounded weights",
                    options: options {
                        $0.weightNorm = .bounded(.l2)
                        $0.decay = .off
                    }),
            ], progress, cancelled)
        let settings: [(name: String, options: PlanOptions)] = [
            ("W8A8 min-max", plan(bits: 8, clips: false)), ("W4A4 min-max", plan(bits: 4, clips: false)),
            ("W4A4 clipped, corrected", plan(bits: 4, clips: true)),
        ]
        var table = ResultTable(
            title: "Test accuracy after quantization", columns: ["training", "float"] + settings.map(\.name))
        var sentences: [String] = []
        for outcome in outcomes {
            let accuracies = try await quantized(outcome.trainer, settings.map(\.options))
            table.add([.text(outcome.name), .number(outcome.accuracy)] + accuracies.map { .number($0) })
            let figures = zip(settings, accuracies).map { "\($0.name) \(points($1))" }
            sentences.append(
                "\(outcome.name): float \(points(outcome.accuracy)), " + figures.joined(separator: ", "))
        }
        return ExperimentReport(
            name: question.rawValue, summary: [setting] + sentences, tables: [table] + tables(outcomes),
            plots: plots(outcomes, title: "Training"))
    }

    private func plan(bits: Int, clips: Bool) -> PlanOptions {
        var options = PlanOptions.standard
        options.weights = .bits(bits)
        options.activations = .bits(bits)
        options.clipping = clips ? .auto : .minMax
        options.correction = clips ? .both : .none
        return options
    }

    /// The share of test images that a net gets right under each plan, calibrated on images it was trained on.
    private func quantized(_ trainer: Trainer, _ plans: [PlanOptions]) async throws -> [Double] {
        let net = LayerGraph(try trainer.graph())
        let observed = ImageSource(train.images.prefix(512), train.preprocessing)
        let calibration = try await CalibrationRun(net, on: observed, options: run).run()
        var accuracies: [Double] = []
        for options in plans {
            let plan = QuantizationPlan(
                net: net, calibration: calibration, configuration: Configuration(options, for: net))
            let program = Program(net, plan: plan, arithmetic: .fastest(run.isa))
            accuracies.append(try await Trainer.accuracy(of: program, on: test, classes: trainer.net.classes, run))
        }
        return accuracies
    }
}
