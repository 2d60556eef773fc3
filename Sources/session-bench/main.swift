// Times reading and folding a net, what an edit recomputes (plan, size) and what a frame draws (curves included), for nets
// and their images.
//
//     session-bench                                        the sample nets
//     session-bench NET.onnx IMAGES SCALE [MEAN STD]       a net of your own; MEAN and STD with commas
//     session-bench --edits ...                            without the evaluations

import Engine
import Net
import NetIO
import Quant
import TUI
import Terminal
import Workbench

struct Subjects {
    static func load(
        _ path: String, _ images: String, _ preprocessing: Preprocessing, name: String
    ) throws -> Subject {
        let file = try OnnxFile(path: path)
        let reading = times(of: 5) { _ in _ = try? OnnxFile(path: path) }
        let folding = times(of: 5) { _ in _ = LayerGraph(file.graph) }
        print(
            "\(name): \((Double(file.byteCount) / 1e6).fixed(1)) MB read in \(reading.median.fixed(1)) ms, folded in "
                + "\(folding.median.fixed(1)) ms, medians of 5")
        let loaded = try DataReader.images(
            at: images, layout: nil, labelsAt: nil, resize: nil, crop: nil, limit: nil
        ).images
        let source = ImageSource(loaded, preprocessing)
        return Subject(
            name: name, sha256: file.sha256, net: LayerGraph(file.graph), measured: source,
            observed: ImageSource(loaded.prefix(512), preprocessing),
            input: SavedConfiguration.Input(preprocessing),
            options: RunOptions(threads: 2, isa: try InstructionSet.fromEnvironment()))
    }

    static func named(_ arguments: [String]) throws -> [Subject] {
        guard arguments.count >= 3, let scale = Float(arguments[2]) else {
            return try SampleNets().nets.map { net in
                let preprocessing = Preprocessing(
                    scale: net.scale, mean: net.mean, standardDeviation: net.std)
                return try load(net.file, net.images, preprocessing, name: net.name)
            }
        }
        func numbers(_ index: Int, _ standard: Float) -> [Float] {
            arguments.count > index ? arguments[index].split(separator: ",").compactMap { Float($0) } : [standard]
        }
        let preprocessing = Preprocessing(
            scale: scale, mean: numbers(3, 0), standardDeviation: numbers(4, 1))
        return [try load(arguments[0], arguments[1], preprocessing, name: arguments[0])]
    }
}

/// The median and the largest of repeated times, in milliseconds.
func times(of count: Int, _ body: (Int) -> Void) -> (median: Double, largest: Double) {
    let clock = ContinuousClock()
    let all = (0..<count).map { index in
        let time = clock.measure { body(index) }.components
        return Double(time.seconds) * 1000 + Double(time.attoseconds) / 1e15
    }.sorted()
    return (all[count / 2], all[count - 1])
}

func line(_ what: String, _ time: (median: Double, largest: Double)) {
    print(
        "  \(what.padded(to: 52)) \(time.median.fixed(2).padded(to: 8, alignment: .trailing)) "
            + "\(time.largest.fixed(2).padded(to: 8, alignment: .trailing))")
}

/// Seconds from a changed plan to the values of all images: cold, and from the checkpoints of the plan before.
func restarts(_ subject: Subject, _ session: inout Session) async throws {
    let source = subject.measured
    let cache = CheckpointCache(budget: CheckpointCache.standardBudget)
    func seconds(_ cache: CheckpointCache?) async throws -> Double {
        guard let plan = session.plan else { return 0 }
        let program = Program(subject.net, plan: plan, arithmetic: subject.arithmetic)
        let clock = ContinuousClock()
        let start = clock.now
        _ = try await Evaluation(program, on: source, options: subject.options, cache: cache).values()
        let time = (clock.now - start).components
        return Double(time.seconds) + Double(time.attoseconds) / 1e18
    }
    let cold = try await seconds(nil)
    let filling = try await seconds(cache)
    print(
        "  all \(source.order.count) images from the start: \((1000 * cold).fixed(0)) ms; keeping checkpoints "
            + "\((1000 * filling).fixed(0)) ms, \((Double(cache.byteCount) / 1e6).fixed(0)) MB")
    let count = subject.net.layers.count
    for (place, layer) in [("first", 1), ("middle", count / 2), ("last but one", count - 2)] {
        _ = session.update(.select(layer))
        var times: [Double] = []
        for bits in [3, 5, 4] {
            _ = session.update(.edit(.precision(.weights, .bits(bits))))
            times.append(try await seconds(cache))
        }
        print("  after an edit of the \(place) layer: \((1000 * times.sorted()[1]).fixed(0)) ms, median of 3")
    }
    // What stands between a key and the first figures: the plan, the packed weights, the first block of images.
    var program: Program?
    var times: [Double] = []
    for bits in [3, 5, 4, 6, 4] {
        let clock = ContinuousClock()
        let start = clock.now
        _ = session.update(.editAll(.precision(.weights, .bits(bits))))
        guard let plan = session.plan else { return }
        let next = Program(subject.net, plan: plan, arithmetic: subject.arithmetic, reusing: program)
        program = next
        _ = try await Evaluation(next, on: source, options: subject.options).values(of: 0..<32)
        let time = (clock.now - start).components
        times.append(Double(time.seconds) + Double(time.attoseconds) / 1e18)
    }
    let median = (1000 * times.sorted()[2]).fixed(0)
    print("  from an edit of all layers to the first estimate: \(median) ms, median of 5")
}

let arguments = Array(CommandLine.arguments.dropFirst())
let onlyEdits = arguments.first == "--edits"
for subject in try Subjects.named(onlyEdits ? Array(arguments.dropFirst()) : arguments) {
    let calibration = try await CalibrationRun(subject.net, on: subject.observed, options: subject.options).run()
    var session = Session(subject, configuration: Configuration(.standard, for: subject.net))
    _ = session.receive(.calibrated(calibration))
    print("\(subject.name): \(subject.net.layers.count) layers; milliseconds, median and largest of 20")
    let widths: [Precision] = [.bits(3), .bits(5), .bits(4), .bits(2)]
    line(
        "activation bits of one layer",
        times(of: 20) { index in
            _ = session.update(.edit(.precision(.activations, widths[index % 4])))
        })
    line(
        "weight bits of one layer",
        times(of: 20) { index in
            _ = session.update(.edit(.precision(.weights, widths[index % 4])))
        })
    line(
        "bits of all layers",
        times(of: 20) { index in
            _ = session.update(.editAll(.precision(index % 2 == 0 ? .weights : .activations, widths[index % 4])))
        })
    line(
        "allocation of one layer",
        times(of: 20) { index in
            _ = session.update(.edit(.allocation(index % 2 == 0 ? .both : .none)))
        })
    for method in [ClippingMethod.auto, .kl] {
        line(
            "clipping of one layer: \(method)",
            times(of: 20) { index in
                _ = session.update(.edit(.clipping(.activations, index % 2 == 0 ? method : .minMax)))
            })
    }
    func all(_ what: String, _ commands: [Command]) {
        line(what, times(of: 20) { index in _ = session.update(commands[index % commands.count]) })
    }
    let corrections: [Command] = BiasCorrection.allCases.map { .editAll(.correction($0)) }
    let methods = [ClippingMethod.auto, .measured, .kl]
    all("correction of all layers", corrections)
    for method in methods {
        all(
            "clipping of all layers: \(method)",
            [.editAll(.clipping(.activations, method)), .editAll(.clipping(.activations, .minMax))])
    }
    _ = session.update(.editAll(.clipping(.activations, .auto)))
    all("allocation of all layers", [.editAll(.allocation(.both)), .editAll(.allocation(.none))])
    _ = session.update(.editAll(.allocation(.both)))
    all("allocated: activation bits of all layers", widths.map { .editAll(.precision(.activations, $0)) })
    all("allocated: weight bits of all layers", widths.map { .editAll(.precision(.weights, $0)) })
    all("allocated: correction of all layers", corrections)
    _ = session.update(.editAll(.precision(.activations, .bits(4))))
    _ = session.update(.editAll(.precision(.weights, .bits(4))))
    for method in methods {
        all(
            "allocated: clipping of one layer: \(method)",
            [.edit(.clipping(.activations, method)), .edit(.clipping(.activations, .minMax))])
        all(
            "allocated: clipping of all layers: \(method)",
            [.editAll(.clipping(.activations, method)), .editAll(.clipping(.activations, .minMax))])
    }
    _ = session.update(.editAll(.clipping(.activations, .auto)))
    all("allocated: rule, exact and two-thirds", [.editNet(.rule(.exact)), .editNet(.rule(.twoThirds))])
    all("allocated: budget, bins and mean bits", [.editNet(.budget(.bins)), .editNet(.budget(.meanBits))])
    line(
        "a frame at 200x60, curves included",
        times(of: 20) { _ in
            _ = Explorer.frame(of: session, size: Size(width: 200, height: 60), look: Look(.indexed256, .unicode))
        })
    if onlyEdits { continue }
    _ = session.update(.editAll(.allocation(.none)))
    _ = session.update(.editAll(.granularity(.tensor)))
    try await restarts(subject, &session)
}
