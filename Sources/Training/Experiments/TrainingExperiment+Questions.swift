internal import Engine
internal import Glibc

/// The variants of each question, and what is said of their ends.
extension TrainingExperiment {
    typealias Progress = (String, Double, Double) -> Void

    func norms(_ progress: Progress, _ cancelled: () -> Bool) async throws -> ExperimentReport {
        func variants(_ name: String, _ precision: NormPrecision, scale: Float = 1) -> [Variant] {
            NormScheme.standard.map { scheme in
                Variant(
                    name: "\(scheme)\(name)",
                    options: options {
                        $0.norm = scheme
                        $0.normPrecision = precision
                    }, imageScale: scale)
            }
        }
        // Larger images change nothing in exact arithmetic: the first layer is normalized.
        let outcomes = try await outcomes(
            of: variants("", .float) + variants(", half", .half)
                + variants(", half, images x 128", .half, scale: 128), progress, cancelled)
        return report(outcomes, title: "Normalization schemes", comparedWith: 0)
    }

    func eightBit(_ progress: Progress, _ cancelled: () -> Bool) async throws -> ExperimentReport {
        func variant(_ name: String, _ precision: TrainingPrecision?, _ norm: NormScheme = .range(.standard))
            -> Variant
        {
            Variant(
                name: name,
                options: options {
                    $0.norm = norm
                    $0.precision = precision
                })
        }
        let outcomes = try await outcomes(
            of: [
                variant("float", nil), variant("float, l2", nil, .l2), variant("8 bits", TrainingPrecision()),
                variant("8 bits, l2", TrainingPrecision(), .l2),
                variant("8 bits, not bifurcated", TrainingPrecision(weightGradients: 8)),
                variant("8 bits, nearest", TrainingPrecision(rounding: .nearest)),
                variant("8 bits, weight gradients in floats", TrainingPrecision(weightGradients: 32)),
                variant(
                    "6 bits", TrainingPrecision(weights: 6, activations: 6, layerGradients: 6, weightGradients: 12)),
                variant(
                    "4 bits", TrainingPrecision(weights: 4, activations: 4, layerGradients: 4, weightGradients: 8)),
                variant("4 bits forward, 8 backward", TrainingPrecision(weights: 4, activations: 4)),
            ], progress, cancelled)
        return report(outcomes, title: "Training in few bits", comparedWith: 0)
    }

    func bounded(_ progress: Progress, _ cancelled: () -> Bool) async throws -> ExperimentReport {
        func variant(_ name: String, _ end: ConvolutionBlueprint.End, _ norm: WeightNorm) -> Variant {
            Variant(
                name: name, end: end,
                options: options {
                    $0.weightNorm = norm
                    // A bounded weight has no size for decay to act on.
                    if norm != .none { $0.decay = .off }
                })
        }
        let outcomes = try await outcomes(
            of: [
                variant("batch norm", .normalized, .none), variant("neither", .biased, .none),
                variant("weight norm", .biased, .trained), variant("bounded l2", .biased, .bounded(.l2)),
                variant("bounded l1", .biased, .bounded(.l1)),
                variant("bounded linf", .biased, .bounded(.lInfinity)),
                variant("batch norm, bounded l2", .normalized, .bounded(.l2)),
            ], progress, cancelled)
        return report(outcomes, title: "Bounded weights", comparedWith: 0)
    }

    func decay(_ progress: Progress, _ cancelled: () -> Bool) async throws -> ExperimentReport {
        // Steps, not a slope to 0: the norm schedule divides by the rate.
        let schedule = Schedule(peak: 0.1, shape: .steps([0.5, 0.75]))
        func variant(_ name: String, _ decay: WeightDecay, recordsNorms: Bool = false) -> Variant {
            Variant(
                name: name,
                options: options {
                    $0.schedule = schedule
                    $0.decay = decay
                }, recordsNorms: recordsNorms)
        }
        let on = try await outcome(
            of: variant("decay on", .on(5e-4), recordsNorms: true), share: 0...0.125, progress, cancelled)
        let off = try await outcome(of: variant("decay off", .off), share: 0.125...0.25, progress, cancelled)
        let corrected = try await outcome(
            of: variant("off, rates corrected", .corrected(on.trainer.normRecord ?? NormRecord())),
            share: 0.25...0.375,
            progress, cancelled)
        let scheduled = try await outcome(
            of: variant("off, norms scheduled", .normSchedule), share: 0.375...0.5, progress, cancelled)
        let outcomes = [on, off, corrected, scheduled]

        // Balance is reached in some 1 / (4 η λ) steps, 50, once gradients have settled: the run is four times as long.
        let balance = EquilibriumNorm(rate: 0.1, decay: 0.05)
        let settled = try await outcome(
            of: Variant(
                name: "equilibrium",
                options: options {
                    $0.epochs = max($0.epochs, 24)
                    $0.schedule = Schedule(peak: balance.rate, shape: .constant)
                    $0.decay = .on(balance.decay)
                    $0.momentum = 0
                    $0.isNesterov = false
                    $0.clipping = nil
                }, recordsNorms: true), share: 0.5...1, progress, cancelled)
        let equilibrium = balance.table(settled.trainer)

        let report = report(outcomes, title: "Weight decay", comparedWith: 0)
        let names = on.trainer.net.layers.filter { $0.convolution?.end == .normalized }.map(\.name)
        func curves(_ title: String, _ y: String, _ value: (EpochResult) -> [Double]) -> LinePlot {
            LinePlot(
                title: title, x: "epoch", y: y, yScale: .logarithmic,
                series: outcomes.map { outcome in
                    LinePlot.Series(
                        outcome.name,
                        outcome.epochs.map { epoch in
                            let values = value(epoch).prefix(names.count)
                            return SIMD2(Double(epoch.epoch), values.reduce(0, +) / Double(max(1, values.count)))
                        })
                })
        }
        return ExperimentReport(
            name: report.name, summary: report.summary + [equilibrium.sentence],
            tables: report.tables + [equilibrium.table],
            plots: report.plots + [
                curves("Norm of a channel's weights, mean over normalized layers", "‖w‖") { $0.norms },
                curves("Effective step, mean over normalized layers", "η / ‖w‖²") { $0.effectiveSteps },
            ])
    }

    /// The usual tables and plots, and a sentence for each outcome.
    func report(_ outcomes: [Outcome], title: String, comparedWith base: Int) -> ExperimentReport {
        let first = outcomes[base]
        let sentences = outcomes.enumerated().map { index, outcome in
            let isWhole = outcome.trainer.isDone
            let difference = outcome.accuracy - first.accuracy
            let comparison =
                index == base
                ? "" : " (\(difference < 0 ? "−" : "+")\(points(abs(difference))) against \(first.name))"
            return isWhole
                ? "\(outcome.name): \(points(outcome.accuracy)) % of the test images\(comparison)"
                : "\(outcome.name): diverged, the loss left the range of numbers at step \(outcome.trainer.state.step)"
        }
        return ExperimentReport(
            name: question.rawValue, summary: [setting] + sentences, tables: tables(outcomes),
            plots: plots(outcomes, title: title))
    }
}

/// The norm at which decay and gradients balance: ‖w‖⁴ = η E‖g̃‖² / (2 λ), g̃ the gradient at unit norm, without momentum.
///
/// A step adds η² ‖g‖² to ‖w‖², since g is orthogonal to w, and decay takes 2 η λ ‖w‖²; with ‖g‖ = ‖g̃‖ / ‖w‖ they are equal there.
///
/// Source: Hoffer et al. 2018, section 2; docs/training.md.
struct EquilibriumNorm {
    let rate: Double
    let decay: Double

    /// ‖w‖ at balance.
    func norm(gradientSquare: Double) -> Double { (rate * gradientSquare / (2 * decay)).squareRoot().squareRoot() }

    /// Norms over the last third of a run beside those that its gradients predict, layer by layer.
    func table(_ trainer: Trainer) -> (table: ResultTable, sentence: String) {
        var table = ResultTable(
            title: "Norms at equilibrium: η \(rate), λ \(decay), no momentum, last third of the steps",
            columns: ["layer", "mean norm", "predicted", "measured / predicted"])
        var ratios: [Double] = []
        if let record = trainer.normRecord {
            let steps = record.squares.indices.suffix(record.squares.count / 3)
            for (layer, blueprint) in trainer.net.layers.enumerated()
            where blueprint.convolution?.end == .normalized {
                let channels = blueprint.output.channels
                func mean(_ value: (Int, Int) -> Double) -> [Double] {
                    (0..<channels).map { channel in
                        steps.reduce(0) { $0 + value($1, channel) } / Double(max(1, steps.count))
                    }
                }
                let norms = mean { record.squares[$0][layer][$1].squareRoot() }
                let gradients = mean { record.unitGradientSquares[$0][layer][$1] }
                let predicted = gradients.map { norm(gradientSquare: $0) }
                let (sum, sumPredicted) = (norms.reduce(0, +), predicted.reduce(0, +))
                guard sumPredicted > 0 else { continue }
                ratios.append(sum / sumPredicted)
                table.add([
                    .text(blueprint.name), .number(sum / Double(channels)),
                    .number(sumPredicted / Double(channels)),
                    .number(sum / sumPredicted),
                ])
            }
        }
        let (least, most) = (ratios.min() ?? 0, ratios.max() ?? 0)
        return (
            table,
            "equilibrium norms, measured over predicted: \((least * 1000).rounded() / 1000) to "
                + "\((most * 1000).rounded() / 1000) by layer"
        )
    }
}
