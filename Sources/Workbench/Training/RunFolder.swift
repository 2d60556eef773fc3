internal import Glibc
internal import Net
public import NetIO
public import Training

/// The folder of a run: its checkpoint, its net, and the figures of its epochs.
///
/// What is in it is written whole or not at all, so that a run that is killed goes on from its last checkpoint. One run at a time has
/// the folder, in this process or any other; it belongs to one thread at a time.
public final class RunFolder {
    /// What may be in the folder.
    public enum Start: Sendable {
        /// No run.
        case fresh
        /// A run of the same description, which goes on.
        case resumed
        /// Either.
        case either
    }

    /// The folder.
    public let path: String
    /// Where the run goes on; `nil` at its beginning.
    public let state: TrainingState?
    private let description: RunDescription
    private let identity: JSON
    private var lock: FolderLock?

    static let checkpointName = "checkpoint.safetensors"
    /// A run that is killed loses no more than this.
    public static let checkpointPeriod = Duration.seconds(60)

    /// Looks into a folder, which need not be there yet.
    ///
    /// - Throws: `RunFolderError`, or why the checkpoint cannot be read.
    public init(_ path: String, _ description: RunDescription, _ start: Start) throws {
        self.path = path
        self.description = description
        identity = description.identity
        lock = try FolderLock(path)
        let checkpointPath = "\(path)/\(Self.checkpointName)"
        guard access(checkpointPath, F_OK) == 0 else {
            guard start != .resumed else { throw RunFolderError.nothingToResume(path: path) }
            state = nil
            return
        }
        guard start != .fresh else { throw RunFolderError.holdsRun(path: path) }
        let checkpoint = try TrainingCheckpoint(path: checkpointPath)
        guard checkpoint.identity == identity else {
            throw RunFolderError.otherRun(path: path, differences: Self.differences(checkpoint.identity, identity))
        }
        state = checkpoint.state
    }

    /// Makes the folder if it is not there, and writes a first checkpoint: what cannot be written is found out now.
    public func begin(_ trainer: Trainer) throws {
        var made = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            made += part
            guard mkdir(made, 0o777) == 0 || errno == EEXIST else {
                throw RunFolderError.cannotBeMade(path: path, reason: String(cString: strerror(errno)))
            }
            made += "/"
        }
        if lock == nil { lock = try FolderLock(path) }
        try save(trainer)
    }

    /// Writes a checkpoint, and beside it what the run is and has come to.
    public func save(_ trainer: Trainer) throws {
        try TrainingCheckpoint(trainer.state, identity: identity, options: .object(description.formOptions)).write(
            to: "\(path)/\(Self.checkpointName)")
        try AtomicFile.write(json(trainer).indented + "\n", to: "\(path)/run.json")
    }

    /// The form of the run in a folder, in which that run goes on.
    static func form(of path: String) throws -> TrainingForm {
        let file = "\(path)/\(checkpointName)"
        guard access(file, F_OK) == 0 else { throw RunFolderError.nothingToResume(path: path) }
        return try TrainingForm(try TrainingCheckpoint(path: file).options).setting(.output, to: path)
    }

    /// The file of the run's net.
    public var netPath: String { "\(path)/\(description.net.name).onnx" }

    /// Writes a checkpoint, the net as it is now, and the figures of the epochs done.
    public func saveAll(_ trainer: Trainer) throws {
        try save(trainer)
        try AtomicFile.write(try OnnxWriter.bytes(of: try trainer.graph()), to: netPath)
        try AtomicFile.write(table(trainer).csv, to: "\(path)/epochs.csv")
        for (name, plot) in plots(trainer) { try AtomicFile.write(plot.svg, to: "\(path)/\(name).svg") }
    }

    /// The run as JSON (docs/training.md, section 3).
    public func json(_ trainer: Trainer) -> JSON {
        .object([
            ("net", .string(description.net.name)), ("file", .string(netPath)), ("complete", .bool(trainer.isDone)),
            ("steps", .int(trainer.state.step)), ("command", .string(description.command(output: path))),
            ("options", description.options), ("epochs", .array(trainer.state.epochs.map(\.json))),
        ])
    }

    private var convolutions: [String] {
        description.net.layers.filter { $0.convolution != nil }.map(\.name)
    }

    private func table(_ trainer: Trainer) -> ResultTable {
        var columns = ["epoch", "loss", "training accuracy", "test accuracy", "rate"]
        columns += convolutions.map { "norm \($0)" }
        columns += convolutions.map { "effective step \($0)" }
        var table = ResultTable(title: description.net.name, columns: columns)
        for epoch in trainer.state.epochs {
            let test: ResultTable.Cell = if let accuracy = epoch.testAccuracy { .number(accuracy) } else { .none }
            let first = [Double(epoch.epoch), epoch.loss, epoch.trainAccuracy].map { ResultTable.Cell.number($0) }
            let rest = ([epoch.rate] + epoch.norms + epoch.effectiveSteps).map { ResultTable.Cell.number($0) }
            table.add(first + [test] + rest)
        }
        return table
    }

    private func plots(_ trainer: Trainer) -> [(String, LinePlot)] {
        let name = description.net.name
        func curve(_ name: String, _ value: (EpochResult) -> Double?) -> LinePlot.Series {
            LinePlot.Series(
                name,
                trainer.state.epochs.compactMap { epoch in value(epoch).map { SIMD2(Double(epoch.epoch), $0) } })
        }
        return [
            ("loss", LinePlot(title: "\(name): loss", x: "epoch", y: "loss", series: [curve("loss") { $0.loss }])),
            (
                "accuracy",
                LinePlot(
                    title: "\(name): accuracy", x: "epoch", y: "share right",
                    series: [curve("training") { $0.trainAccuracy }, curve("test") { $0.testAccuracy }])
            ),
            (
                "norms",
                LinePlot(
                    title: "\(name): mean norm of a channel's weights", x: "epoch", y: "norm",
                    series: convolutions.enumerated().map { place, name in curve(name) { $0.norms[place] } })
            ),
        ]
    }

    /// Where two identities differ: what the first has, in words.
    private static func differences(_ first: JSON, _ second: JSON) -> [String] {
        guard case .object(let members) = second else { return [] }
        return members.compactMap { member in
            guard let found = first[member.name], found != member.value else { return nil }
            return member.name == "labels"
                ? "other images" : "\(member.name) \(found.word), not \(member.value.word)"
        }
    }
}

/// Why a run cannot have a folder.
public enum RunFolderError: Error, Hashable, CustomStringConvertible {
    /// It holds a run, and a new one was to begin.
    case holdsRun(path: String)
    /// It holds none that could go on.
    case nothingToResume(path: String)
    /// It holds a run that had other options or images.
    case otherRun(path: String, differences: [String])
    /// A run has it now.
    case busy(path: String)
    /// It cannot be made.
    case cannotBeMade(path: String, reason: String)

    /// What is wrong and what to do about it, in one line.
    public var description: String {
        switch self {
        case .holdsRun(let path): "\(path) holds a run: go on with --resume, or name another output"
        case .nothingToResume(let path): "\(path) holds no run to resume"
        case .otherRun(let path, let differences):
            "\(path) holds a run of other options"
                + (differences.isEmpty ? "" : " (\(differences.joined(separator: ", ")))")
                + ": repeat those, or name another output"
        case .busy(let path): "\(path) is the folder of a run that is under way: name another output"
        case .cannotBeMade(let path, let reason): "\(path) cannot be made: \(reason): name another output"
        }
    }
}

/// The sole use of a folder, as long as it lives; the system ends it with the process, whatever ends that.
private final class FolderLock {
    private let descriptor: Int32

    /// - Returns: `nil` if the folder is not there.
    /// - Throws: `RunFolderError.busy` if something else has it.
    init?(_ path: String) throws(RunFolderError) {
        descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        // A file system without locks has none that could be held.
        if flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK { throw .busy(path: path) }
    }

    deinit {
        // Closing alone would leave it to a process that is just being started, which has copies of all descriptors until it begins.
        if descriptor >= 0 {
            flock(descriptor, LOCK_UN)
            close(descriptor)
        }
    }
}

extension JSON {
    /// The value as a word of the command line.
    fileprivate var word: String {
        switch self {
        case .string(let word): word
        case .bool(let isOn): isOn ? "on" : "off"
        default: text
        }
    }
}
