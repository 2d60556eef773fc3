public import Engine
internal import NetIO
public import Training

/// What decides a run, for its files and for whoever repeats it or goes on with it.
public struct RunDescription: Sendable {
    /// The run in the words of the command line.
    let form: TrainingForm
    /// The net.
    let net: Blueprint
    /// Which steps are recorded; `nil` for none.
    let recording: Int?
    private let isa: InstructionSet
    private let images: TrainingImages

    /// A description from its parts.
    ///
    /// - Parameter recording: the number that `--record-layers` has; `nil` without it.
    public init(
        _ form: TrainingForm, _ net: Blueprint, images: TrainingImages, isa: InstructionSet, recording: Int? = nil
    ) {
        self.form = form
        self.net = net
        self.images = images
        self.isa = isa
        self.recording = recording
    }

    /// The lines of the form by their names on the command line: numbers, switches and words; null where an option is not given.
    var formOptions: [(String, JSON)] {
        TrainingField.allCases.filter { $0 != .output }.map { ($0.rawValue, value(of: $0)) }
    }

    /// Every option, those too that change no net.
    var options: JSON {
        .object(
            formOptions + [
                ("record-layers", recording.map { .int($0) } ?? .null), ("isa", .string(isa.rawValue)),
            ])
    }

    /// What two runs must have in common for one to go on where the other stopped, by the same names.
    ///
    /// Files may have moved: images count by their number, size, labels and preprocessing. The level of instructions belongs to it,
    /// since sums of levels differ in last bits.
    var identity: JSON {
        let deciding: [TrainingField] = [
            .net, .width, .epochs, .batch, .rate, .schedule, .norm, .precision, .weightNorm, .decay, .seed,
            .warmUp, .momentum,
            .clip, .shift, .flip, .normPrecision, .rounding,
        ]
        let (size, preprocessing) = (images.size, images.preprocessing)
        func list(_ values: [Float]) -> JSON { .string(values.map { "\($0)" }.joined(separator: ",")) }
        return .object(
            deciding.map { ($0.rawValue, value(of: $0)) } + [
                ("images", .int(images.images.count)),
                ("size", .string("\(size.channels)x\(size.height)x\(size.width)")), ("classes", .int(net.classes)),
                ("labels", .string(labelsHash)), ("scale", list([preprocessing.scale])),
                ("mean", list(preprocessing.mean)), ("std", list(preprocessing.standardDeviation)),
                ("channels", .string(preprocessing.channelOrder.rawValue)), ("isa", .string(isa.rawValue)),
            ])
    }

    /// The command that repeats the run, with every option that is not as it is by itself.
    func command(output: String) -> String {
        var words = ["nibble", "train", form[.net]]
        for field in TrainingField.allCases where ![.net, .output].contains(field) && form[field] != field.standard
        {
            switch (field, form[field]) {
            case (.flip, _): words.append("--no-flip")
            case (.holdOut, "none"): break
            case (_, let word): words += ["--\(field.rawValue)", word]
            }
        }
        if let recording { words += ["--record-layers", "\(recording)"] }
        words += ["--isa", isa.rawValue, "--output", output]
        return words.map(Self.quoted).joined(separator: " ")
    }

    private func value(of field: TrainingField) -> JSON {
        switch field {
        case .width: .int(form.width)
        case .norm: .string(form.norm)
        case .flip: .bool(form[.flip] == "on")
        case .data where form[.data] == TrainingForm.fashion: .null
        case .holdOut where form[.holdOut] == "none": .null
        case .output, .data, .labels, .test, .testLabels: form.given(field).map { .string($0) } ?? .null
        // Beyond the whole numbers that JSON's readers keep exact, a word.
        case .seed: Int(form[.seed]).map { .int($0) } ?? .string(form[.seed])
        default:
            if let word = form.given(field) {
                Int(word).map { .int($0) } ?? Double(word).map { .number($0) } ?? .string(word)
            } else {
                .null
            }
        }
    }

    /// Tells the same number of other images, or the same in another order.
    private var labelsHash: String {
        images.labels.map(Int32.init(truncatingIfNeeded:)).withUnsafeBytes { SHA256.hexadecimal(of: $0) }
    }

    /// A word as a shell reads it back.
    private static func quoted(_ word: String) -> String {
        let plain = word.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "-_./,:+=@%".utf8.contains(byte)
            }
        }
        return plain && !word.isEmpty ? word : "'" + word.replacing("'", with: "'\\''") + "'"
    }
}

extension TrainingForm {
    /// The form that options describe; see `RunDescription.formOptions`.
    ///
    /// - Throws: `Problem` for a word that stands for nothing.
    init(_ options: JSON) throws(Problem) {
        self.init()
        for field in TrainingField.allCases {
            let word: String? =
                switch options[field.rawValue] {
                case .string(let word)?: word
                case .bool(let isOn)?: isOn ? "on" : "off"
                case .int(let number)?: "\(number)"
                case .number(let number)?: "\(number)"
                // The view holds images back where nothing is said.
                case .null?: field == .holdOut ? "none" : nil
                default: nil
                }
            if let word { self = try setting(field, to: word) }
        }
    }

    /// Where a run's files go if no folder is named: a folder in `runs` whose name tells what the form says.
    ///
    /// The same form has the same folder, so that a run that was cut short goes on.
    func folder(for images: [TrainingField: String]) -> String {
        if let output = given(.output) { return output }
        let standard = TrainingForm(hasLabels: self[.data] == Self.session)
        let own = self[.data] == Self.session ? images : [:]
        var parts = [self[.net], Self.stem(own[.data] ?? self[.data])]
        for field in TrainingField.allCases where ![.net, .data, .output].contains(field) {
            // A session's images are told apart by their number too.
            let word =
                field == .limit && self[.limit] == TrainingField.auto ? own[.limit] ?? self[.limit] : self[field]
            guard word != standard[field] else { continue }
            parts.append("\(field.rawValue)-\(Self.stem(word))")
        }
        let name = parts.joined(separator: "-")
        let safe = String(
            name.map { $0.isLetter || $0.isNumber || "-_.,".contains($0) ? $0 : "_" })
        guard safe.utf8.count > 120 else { return "runs/\(safe)" }
        let hash = Array(name.utf8).withUnsafeBytes { SHA256.hexadecimal(of: $0) }
        return "runs/\(safe.prefix(40))-\(hash.prefix(12))"
    }

    /// The last part of a path, without what follows its first point; any other word as it is.
    private static func stem(_ word: String) -> String {
        guard Double(word) == nil, let last = word.split(separator: "/").last else { return word }
        return String(last.split(separator: ".").first ?? last)
    }
}
