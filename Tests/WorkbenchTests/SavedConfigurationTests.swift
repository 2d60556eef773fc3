import Engine
import Glibc
import NetIO
import Quant
import Testing

@testable import Workbench

@Suite struct SavedConfigurationTests {
    private func temporaryPath() -> String { "/tmp/nibble-configuration-\(UInt64.random(in: 0 ... .max)).json" }

    private func text(at path: String) throws -> String {
        let file = try #require(fopen(path, "r"))
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        return String(decoding: bytes[..<fread(&bytes, 1, bytes.count, file)], as: UTF8.self)
    }

    /// A session with every kind of choice, saved.
    private func saved(at path: String) async throws -> Session {
        var session = try await Sample.session()
        for change in [
            Change.allocation(.both), .clipping(.activations, .percentile(99.9)), .clipping(.weights, .measured),
            .channelBits(.weights, channel: 1, bits: 0),
            .correction(.mean),
        ] { _ = session.update(.edit(change)) }
        _ = session.update(.select(2))
        _ = session.update(.edit(.threshold(0.1 + 0.2)))
        _ = session.update(.edit(.precision(.weights, .float)))
        _ = session.update(.editNet(.residual(.same)))
        _ = session.update(.editNet(.measure(.sigma)))
        guard case .save(_, let configuration, let plan, let calibration)? = session.update(.save(path)).first
        else {
            Issue.record("saving has no effect")
            return session
        }
        try ConfigurationFiles(subject: session.subject).write(
            configuration, plan: plan, calibration: calibration, to: path)
        return session
    }

    @Test func loadsBackToTheIdenticalPlan() async throws {
        let path = temporaryPath()
        defer { unlink(path) }
        let session = try await saved(at: path)
        let (loaded, saved) = try ConfigurationFiles(subject: session.subject).read(path)
        #expect(loaded == session.configuration)
        let plan = QuantizationPlan(
            net: session.subject.net, calibration: try #require(session.calibration), configuration: loaded)
        #expect(plan.layers.map(\.input) == session.plan?.layers.map(\.input))
        #expect(plan.layers.map(\.weightChannelBits) == session.plan?.layers.map(\.weightChannelBits))
        #expect(plan.layers.map(\.ranges) == session.plan?.layers.map(\.ranges))
        #expect(plan.stored == session.plan?.stored)
        for (own, other) in zip(plan.layers, session.plan?.layers ?? []) {
            switch (own.weights, other.weights) {
            case (.float, .float): break
            case (.quantized(let first), .quantized(let second)): #expect(first == second)
            default: Issue.record("float and quantized")
            }
        }
        #expect(
            saved.mismatch(with: plan, of: session.subject.net, calibration: try #require(session.calibration))
                == nil)
    }

    @Test func fieldsThatOlderFilesDoNotHoldHaveTheirFormerMeaning() async throws {
        let path = temporaryPath()
        defer { unlink(path) }
        let session = try await saved(at: path)
        let older = try text(at: path).split(separator: "\n").filter {
            !$0.contains("\"measure\"") && !$0.contains("\"clipWeights\"")
        }.joined(separator: "\n")
        let file = try #require(fopen(path, "w"))
        fputs(older, file)
        fclose(file)
        let (loaded, _) = try ConfigurationFiles(subject: session.subject).read(path)
        #expect(loaded.policy.measure == .range)
        #expect(loaded.layers.allSatisfy { $0.weightClipping == .minMax })
        #expect(session.configuration.layers.contains { $0.weightClipping == .measured })
    }

    @Test func anotherCalibrationIsAnnouncedOnlyIfItChangesThePlan() async throws {
        let path = temporaryPath()
        defer { unlink(path) }
        let session = try await saved(at: path)
        let (configuration, saved) = try ConfigurationFiles(subject: session.subject).read(path)
        let net = session.subject.net
        let fewer = ImageSource(session.subject.observed.images.prefix(16), session.subject.observed.preprocessing)
        let other = try await CalibrationRun(net, on: fewer, options: session.subject.options).run()
        let plan = QuantizationPlan(net: net, calibration: other, configuration: configuration)
        let line = saved.mismatch(with: plan, of: net, calibration: other) ?? ""
        #expect(line.contains("16 images, saved with 64") && !line.contains("\n"), "\(line)")
        // The same plan from statistics that differ in their last bits, as another processor's may.
        let same = try #require(session.plan)
        #expect(saved.mismatch(with: same, of: net, calibration: other) == nil)

        var opened = Session(session.subject, configuration: Configuration(.standard, for: net))
        _ = opened.receive(.calibrated(other))
        _ = opened.receive(.loaded(path: path, configuration, saved))
        #expect(opened.notice?.severity == .warning && !opened.isUnsaved)
    }

    @Test func unknownFieldsAreKept() async throws {
        let path = temporaryPath()
        defer { unlink(path) }
        let session = try await saved(at: path)
        let known = try text(at: path)
        let name = session.subject.net.layers[1].name
        let changed = known.replacing("{\n  \"schema\"", with: "{\n  \"author\": {\"name\": \"é\"},\n  \"schema\"")
            .replacing("\"scale\":", with: "\"gamma\": 2.2, \"scale\":")
            .replacing("\"digest\":", with: "\"source\": \"x\", \"digest\":")
            .replacing("\"thresholds\":", with: "\"unit\": \"1\", \"thresholds\":")
            .replacing("\"name\": \"\(name)\",", with: "\"name\": \"\(name)\", \"reason\": [1, 2.5, null],")
        try AtomicFile.write(changed, to: path)
        let files = ConfigurationFiles(subject: session.subject)
        let (configuration, _) = try files.read(path)
        try files.write(
            configuration, plan: try #require(session.plan), calibration: try #require(session.calibration),
            to: path)
        let document = try JSON(parsing: text(at: path).utf8)
        #expect(document["author"] == .object([("name", .string("é"))]))
        #expect(document["preprocessing"]?["gamma"] == .number(2.2))
        #expect(document["calibration"]?["source"] == .string("x"))
        guard case .array(let layers)? = document["layers"] else {
            Issue.record("no layers")
            return
        }
        #expect(layers[1]["resolved"]?["unit"] == .string("1"))
        #expect(layers[1]["reason"] == .array([.int(1), .number(2.5), .null]))
    }

    @Test(arguments: [
        ("\"schema\": 1", "\"schema\": 2", "newer nibble"), ("\"schema\": 1", "\"schema\": \"1\"", "schema is not"),
        ("\"weights\": 4", "\"weights\": 9", "layers[3].weights is neither"),
        ("\"weights\": 4", "\"weights\": -1", "layers[3].weights is neither"),
        ("\"weights\": 4", "\"weights\": true", "layers[3].weights is neither"),
        ("\"granularity\": \"channel\"", "\"granularity\": \"pixel\"", "layers[1].granularity is 'pixel'"),
        ("\"clip\": \"percentile:99.9\"", "\"clip\": \"percentile:200\"", "layers[1].clip is"),
        ("{\"1\": 0}", "{\"1\": 11}", "weightChannelBits.1 is not"),
        ("{\"1\": 0}", "{\"999\": 4}", "names channel 999"), ("\"std\": [", "\"std\": [0, ", "holds 0"),
        ("\"granularity\": \"channel\"", "\"granularity\": \"tensor\"", "layers[1].granularity is 'tensor'"),
        ("\"scale\": 0.0", "\"scale\": 0, \"x\": 0.0", "preprocessing.scale is 0"),
        ("\"scale\": 0.0", "\"scale\": 1e300, \"x\": 0.0", "preprocessing.scale is too large"),
        ("\"output\": \"", "\"output\": \"no ", "output is 'no "),
        ("\"sha256\": \"", "\"sha256\": \"0", "another net"),
        ("\"name\": \"", "\"name\": \"x", "lacks the net's layer"),
        ("\"budget\"", "\"budgets\"", "budget is missing"), ("\"layers\": [", "\"layers\": ", "not JSON"),
        ("\"schema\": 1", "\"schema\": 1, \"schema\": 1", "names 'schema' twice"),
    ])
    func damageIsRefusedInOneLine(found: String, replacement: String, message: String) async throws {
        let path = temporaryPath()
        defer { unlink(path) }
        let session = try await saved(at: path)
        var known = try text(at: path)
        // Only layers from the fourth on still have the default's four bits alone on their line.
        if found == "\"weights\": 4" {
            let name = session.subject.net.layers[3].name
            let start = try #require(known.firstRange(of: "\"name\": \"\(name)\""))
            let tail = known[start.lowerBound...].replacing(found, with: replacement, maxReplacements: 1)
            known = String(known[..<start.lowerBound] + tail)
        } else {
            #expect(known.contains(found))
            known = known.replacing(found, with: replacement, maxReplacements: 1)
        }
        try AtomicFile.write(known, to: path)
        let error = #expect(throws: ConfigurationFileError.self) {
            _ = try ConfigurationFiles(subject: session.subject).read(path)
        }
        let line = error?.description ?? ""
        #expect(line.contains(message) && !line.contains("\n"), "\(line)")
    }

    @Test func everyTruncationIsRefused() async throws {
        let path = temporaryPath()
        defer { unlink(path) }
        let session = try await saved(at: path)
        let whole = Array(try text(at: path).utf8)
        for length in stride(from: 0, to: whole.count - 2, by: 97) {
            try AtomicFile.write(whole[..<length], to: path)
            #expect(throws: ConfigurationFileError.self) {
                _ = try ConfigurationFiles(subject: session.subject).read(path)
            }
        }
    }

    @Test func anUnwritablePlaceLosesNothing() async throws {
        let session = try await saved(at: temporaryPath())
        var changed = session
        _ = changed.receive(.failed("cannot write"))
        #expect(changed.configuration == session.configuration && changed.isUnsaved)
    }
}
