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
        /// How its images were framed and scaled, if they are a session's.
        let input: SavedConfiguration.Input?
        var data: TrainingData?
        /// The net of a run that has ended.
        var net: Graph?
        var hasEnded = false
    }

    /// Images that calibrate a net that is opened, at most.
    private static let calibrationImages = 512

    private let folder: String
    private let send: @Sendable (Event) -> Void
    private let entries = Mutexed([Int: Entry]())
    private let ended = DispatchSemaphore(value: 0)
    /// The first session's subject: "session" means its images also after a net that was trained on some of them was opened.
    private let first = Mutexed<Subject?>(nil)

    /// A runner without runs; `send` is called from any thread.
    ///
    /// - Parameter folder: where nets are written that no file was named for.
    public init(folder: String = ".", send: @escaping @Sendable (Event) -> Void) {
        self.folder = folder
        self.send = send
    }

    /// Starts an effect; its events follow.
    func perform(_ effect: TrainingEffect, run: Int, for subject: Subject) {
        switch effect {
        case .start(let form, let threads): start(form, run: run, threads: threads, subject)
        case .pause: control(run)?.ask(.pause)
        case .resume: control(run)?.ask(.run)
        case .threads(let count): control(run)?.share(among: count)
        case .keep(let path): keep(run, path)
        case .drop: control(run)?.ask(.drop)
        case .open(let file): open(file, ofRun: run, subject)
        }
    }

    /// Ends all runs and waits until their nets are written, but no longer than a time: for a program that is asked to end.
    public func finish(within limit: Duration = .seconds(5)) {
        let running = entries.withLock { entries in entries.values.filter { !$0.hasEnded }.map(\.control) }
        running.forEach { $0.ask(.keep(nil)) }
        let deadline = DispatchTime.now() + .milliseconds(Int(limit.components.seconds) * 1000)
        for _ in running where ended.wait(timeout: deadline) == .timedOut { return }
    }

    private func control(_ run: Int) -> RunControl? { entries.withLock { $0[run]?.control } }

    private func report(_ event: TrainingEvent, run: Int) {
        if case .ended = event {
            entries.withLock { $0[run]?.hasEnded = true }
            ended.signal()
        }
        send(.training(run: run, event))
    }

    private func start(_ form: TrainingForm, run: Int, threads: Int, _ subject: Subject) {
        let control = RunControl(threads: threads)
        let own = first.withLock { first in
            let own = first ?? subject
            first = own
            return own
        }
        let input = form[.data] == TrainingForm.session ? own.input : nil
        entries.withLock { $0[run] = Entry(control: control, input: input) }
        let work = RunWork(
            form: form, images: own.measured, isa: subject.options.isa, control: control, folder: folder,
            keepData: { [entries] data in entries.withLock { $0[run]?.data = data } },
            keepNet: { [entries] net in entries.withLock { $0[run]?.net = net } },
            send: { [self] event in report(event, run: run) })
        DispatchQueue(label: "training run \(run)", qos: .utility).async { work.run() }
    }

    /// Ends a run that goes on; writes the net of one that has ended.
    private func keep(_ run: Int, _ path: String?) {
        guard let entry = entries.withLock({ $0[run] }) else { return }
        guard entry.hasEnded else { return entry.control.ask(.keep(path)) }
        guard let net = entry.net else { return }
        do {
            send(.training(run: run, .ended(.completed, file: try NetFile.write(net, to: path, in: folder))))
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
                        input: entry.input ?? SavedConfiguration.Input(preprocessing), options: subject.options,
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

/// Files of trained nets: a net never takes the place of a file that is there.
enum NetFile {
    /// A file that exists already.
    struct Exists: Error, CustomStringConvertible {
        let path: String
        var description: String { "\(path) exists: give the net another name" }
    }

    /// NAME.onnx in a folder, or NAME-2.onnx and so on, whatever does not exist.
    static func free(_ name: String, in folder: String) -> String {
        let start = folder == "." ? name : "\(folder)/\(name)"
        let paths = ["\(start).onnx"] + (2...9999).map { "\(start)-\($0).onnx" }
        return paths.first { access($0, F_OK) != 0 } ?? paths[0]
    }

    /// Writes a net whole or not at all, to a free file in a folder without a path, and returns the path.
    static func write(_ net: Graph, to path: String?, in folder: String) throws -> String {
        let bytes = try OnnxWriter.bytes(of: net)
        // One at a time: two runs that end together must not find the same file free.
        return try writing.withLock { _ in
            Result {
                let path = path ?? free(net.name, in: folder)
                guard access(path, F_OK) != 0 else { throw Exists(path: path) }
                try AtomicFile.write(bytes, to: path)
                return path
            }
        }.get()
    }

    private static let writing = Mutexed(())
}
