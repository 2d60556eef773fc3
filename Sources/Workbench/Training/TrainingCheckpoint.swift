internal import NetIO
internal import Training

/// A run's state as a file, from which it goes on as if it had not stopped.
struct TrainingCheckpoint {
    let state: TrainingState
    /// What a run must have in common with this one to go on from here; see `RunDescription`.
    let identity: JSON
    /// The run's form; see `RunDescription.formOptions`.
    let options: JSON

    private static var kinds: [(name: String, path: WritableKeyPath<LayerParameters, [Float]>)] {
        [
            ("weights", \.weights), ("gains", \.gains), ("scale", \.scale), ("shift", \.shift), ("mean", \.mean),
            ("variance", \.variance),
        ]
    }

    init(_ state: TrainingState, identity: JSON, options: JSON) {
        self.state = state
        self.identity = identity
        self.options = options
    }

    /// Reads a file.
    init(path: String) throws {
        let file = try NamedTensors(path: path)
        func layers(_ prefix: String, count: Int) -> [LayerParameters?] {
            (0..<count).map { index in
                guard file.tensors["\(prefix).\(index).weights"] != nil else { return nil }
                var parameters = LayerParameters(
                    weights: [], gains: [], scale: [], shift: [], mean: [], variance: [])
                for kind in Self.kinds {
                    parameters[keyPath: kind.path] = file.tensors["\(prefix).\(index).\(kind.name)"] ?? []
                }
                return parameters
            }
        }
        guard let identity = file.metadata["run"].flatMap({ try? JSON(parsing: $0.utf8) }),
            let options = file.metadata["options"].flatMap({ try? JSON(parsing: $0.utf8) }),
            let step = file.metadata["step"].flatMap({ Int($0) }),
            let count = file.metadata["layers"].flatMap({ Int($0) }), (1...100_000).contains(count), step >= 0,
            let lossSum = file.metadata["lossSum"].flatMap({ Double($0) }),
            let correct = file.metadata["correct"].flatMap({ Int($0) }),
            let epochs = file.metadata["epochs"].flatMap({ try? JSON(parsing: $0.utf8) }),
            case .array(let rows) = epochs
        else {
            throw NamedTensorsError.damaged(path: path, reason: "it is not the checkpoint of a run")
        }
        let results = rows.compactMap { EpochResult($0) }
        guard results.count == rows.count else {
            throw NamedTensorsError.damaged(path: path, reason: "the results of its epochs are not complete")
        }
        self.identity = identity
        self.options = options
        state = TrainingState(
            layers: layers("parameters", count: count), velocities: layers("velocities", count: count), step: step,
            lossSum: lossSum, correct: correct, epochs: results)
    }

    /// Writes a file, whole or not at all.
    func write(to path: String) throws {
        var file = NamedTensors(metadata: [
            "run": identity.text, "options": options.text, "step": String(state.step),
            "layers": String(state.layers.count),
            "lossSum": "\(state.lossSum)", "correct": String(state.correct),
            "epochs": JSON.array(state.epochs.map(\.json)).text,
        ])
        for (prefix, layers) in [("parameters", state.layers), ("velocities", state.velocities)] {
            for (index, parameters) in layers.enumerated() {
                guard let parameters else { continue }
                for kind in Self.kinds {
                    file.tensors["\(prefix).\(index).\(kind.name)"] = parameters[keyPath: kind.path]
                }
            }
        }
        try file.write(to: path)
    }
}

extension EpochResult {
    /// The result as JSON, every number exact.
    var json: JSON {
        .object([
            ("epoch", .int(epoch)), ("loss", .number(loss)), ("trainAccuracy", .number(trainAccuracy)),
            ("testAccuracy", .optional(testAccuracy)), ("rate", .number(rate)),
            ("norms", .array(norms.map { .number($0) })),
            ("effectiveSteps", .array(effectiveSteps.map { .number($0) })),
        ])
    }

    /// Reads what `json` wrote.
    fileprivate init?(_ json: JSON) {
        func number(_ value: JSON?) -> Double? {
            switch value {
            case .int(let value): Double(value)
            case .number(let value): value
            default: nil
            }
        }
        func numbers(_ name: String) -> [Double]? {
            guard case .array(let values)? = json[name] else { return nil }
            let found = values.compactMap { number($0) }
            return found.count == values.count ? found : nil
        }
        guard case .int(let epoch)? = json["epoch"], let loss = number(json["loss"]),
            let trainAccuracy = number(json["trainAccuracy"]), let rate = number(json["rate"]),
            let norms = numbers("norms"), let steps = numbers("effectiveSteps")
        else { return nil }
        self.init(
            epoch: epoch, loss: loss, trainAccuracy: trainAccuracy, testAccuracy: number(json["testAccuracy"]),
            rate: rate, norms: norms, effectiveSteps: steps)
    }
}
