internal import Dispatch
internal import Engine
internal import Glibc
internal import Net
internal import NetIO
internal import Quant
internal import Training

/// The runs of the training view, each on a thread of its own, which stays out of the pool that measurements share.
///
/// They belong to no net that is explored: they go on when another one is opened.
public final class TrainingRunner: Sendable {
    /// What is known of a run while the program lasts.
    struct Entry: Sendable {
        let control: RunControl
        /// Its form, in the words of the command line.
        let form: TrainingForm
        var data: TrainingData?
        /// The net of a run that is complete, and the file it belongs into.
        var net: (graph: Graph, path: String)?
        var hasEnded = false
    }

    /// Images that calibrate a net that is opened, at most.
    private static let calibrationImages = 512

    private let send: @Sendable (Event) -> Void
    private let entries = Mutexed([Int: Entry]())
    private let underWay = DispatchGroup()

    /// A runner without runs; `send` is called from any thread.
    public init(send: @escaping @Sendable (Event) -> Void) { self.send = send }

    /// Starts an effect; its events follow.
    func perform(_ effect: TrainingEffect, run: Int, for subject: Subject) {
        switch effect {
        case .start(let form, let folder, let threads):
            start(form, run: run, in: folder, threads: threads, subject.options.isa)
        case .recall(let folder): recall(folder)
        case .pause: control(run)?.ask(.pause)
        case .resume: control(run)?.ask(.run)
        case .threads(let count): control(run)?.share(among: count)
        case .keep(let path): keep(run, path)
        case .drop: control(run)?.ask(.drop)
        case .open(let file): open(file, ofRun: run, subject)
        }
    }

    /// Ends all runs and waits until their checkpoints are written, and their nets if they are to be kept, but no longer than a time:
    /// for a program that ends.
    public func finish(keepingNets: Bool, within limit: Duration = .seconds(5)) {
        let running = entries.withLock { entries in entries.values.filter { !$0.hasEnded }.map(\.control) }
        running.forEach { $0.ask(keepingNets ? .keep(nil) : .drop) }
        _ = underWay.wait(timeout: .now() + .milliseconds(Int(limit.components.seconds) * 1000))
    }

    private func control(_ run: Int) -> RunControl? { entries.withLock { $0[run]?.control } }

    private func report(_ event: TrainingEvent, run: Int) {
        if case .ended = event {
            entries.withLock { $0[run]?.hasEnded = true }
            underWay.leave()
        }
        send(.training(run: run, event))
    }

    private func start(_ form: TrainingForm, run: Int, in folder: String, threads: Int, _ isa: InstructionSet) {
        let control = RunControl(threads: threads)
        entries.withLock { $0[run] = Entry(control: control, form: form) }
        let work = RunWork(
            form: form, folder: folder, isa: isa, control: control,
            keepData: { [entries] data in entries.withLock { $0[run]?.data = data } },
            keepNet: { [entries] net, path in entries.withLock { $0[run]?.net = (net, path) } },
            send: { [self] event in report(event, run: run) })
        underWay.enter()
        DispatchQueue(label: "training run \(run)", qos: .utility).async { work.run() }
    }

    private func recall(_ folder: String) {
        do {
            send(.training(run: 0, .recalled(try RunFolder.form(of: folder))))
        } catch {
            send(.failed("\(error)"))
        }
    }

    /// Ends a run that goes on; writes the net of one that is complete, which could not be written before.
    private func keep(_ run: Int, _ path: String?) {
        guard let entry = entries.withLock({ $0[run] }) else { return }
        guard entry.hasEnded else { return entry.control.ask(.keep(path)) }
        guard let net = entry.net else { return }
        do {
            if let path, path != net.path {
                try NetFile.write(net.graph, to: path)
            } else {
                try AtomicFile.write(try OnnxWriter.bytes(of: net.graph), to: net.path)
            }
            send(.training(run: run, .ended(.completed, file: path ?? net.path)))
        } catch {
            send(.training(run: run, .refused("\(error)")))
        }
    }

    private func open(_ file: String, ofRun run: Int, _ subject: Subject) {
        guard let entry = entries.withLock({ $0[run] }), let data = entry.data, let test = data.test else {
            return send(.training(run: run, .refused("there are no images to explore the net on")))
        }
        do {
            let onnx = try OnnxFile(path: file)
            let preprocessing = data.train.preprocessing
            let net = LayerGraph(onnx.graph)
            let layout = try ImageSource.layout(of: test, for: net)
            send(
                .opened(
                    Subject(
                        name: onnx.graph.name, sha256: onnx.sha256, net: net,
                        measured: ImageSource(test, preprocessing, layout: layout, isShuffled: true),
                        observed: ImageSource(
                            data.train.images.prefix(Self.calibrationImages), preprocessing, layout: layout),
                        input: SavedConfiguration.Input(
                            preprocessing, resize: entry.form.request.resize, crop: entry.form.request.crop),
                        options: subject.options,
                        arithmetic: subject.arithmetic, cacheBudget: subject.cacheBudget)))
        } catch {
            send(.training(run: run, .refused("\(error)")))
        }
    }
}

/// What a run is asked to do next; it looks before every step.
final class RunControl: Sendable {
    /// What is asked.
    enum Wish: Sendable {
        case run
        case pause
        /// End and write the net.
        case keep(String?)
        /// End with a checkpoint only.
        case drop
    }

    private let wishes = Mutexed(Wish.run)
    private let shared: Mutexed<Int>
    private let change = DispatchSemaphore(value: 0)

    init(threads: Int) { shared = Mutexed(threads) }

    /// The threads that share a step.
    var threads: Int { shared.withLock { $0 } }

    func share(among threads: Int) { shared.withLock { $0 = threads } }

    func ask(_ wish: Wish) {
        wishes.withLock { $0 = wish }
        change.signal()
    }

    /// What was asked last.
    var wish: Wish { wishes.withLock { $0 } }

    /// Whether the run is to go on.
    var isRunning: Bool { if case .run = wish { true } else { false } }

    /// Whether the run is to end.
    var isEnding: Bool {
        switch wish {
        case .run, .pause: false
        case .keep, .drop: true
        }
    }

    /// Blocks while the run is paused.
    func wait() { while case .pause = wish { change.wait() } }
}

/// Files of nets that a user names: a net never takes the place of a file that is there.
enum NetFile {
    /// A file that exists already.
    struct Exists: Error, CustomStringConvertible {
        let path: String
        var description: String { "\(path) exists: give the net another name" }
    }

    /// Writes a net whole or not at all to a file that does not exist yet.
    static func write(_ net: Graph, to path: String) throws {
        guard access(path, F_OK) != 0 else { throw Exists(path: path) }
        try AtomicFile.write(try OnnxWriter.bytes(of: net), to: path)
    }
}
