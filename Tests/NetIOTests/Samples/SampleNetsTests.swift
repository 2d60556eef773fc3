import Testing

@testable import NetIO

@Suite struct SampleNetsTests {
    let files: DataFiles
    init() throws { files = try DataFiles() }

    private func manifest(file: String = "a.onnx") -> String {
        """
        {"nets": [{"name": "tiny", "file": "\(file)", "sha256": "00", "architecture": "ResNet-8", "parameters": 100,
        "accuracy": 0.91, "mean": [0.5], "std": [0.25], "scale": 0.00392156862745098, "images": "x.npz",
        "labels": "x.npz", "calibrationImages": "c.npz", "calibrationLabels": "c.npz", "classes": ["a", "b"],
        "expected": "e.npz", "command": "train --seed 3", "seed": 3}]}
        """
    }

    @Test func pathsAreRelativeToTheManifest() throws {
        try AtomicFile.write(manifest(), to: files.path("manifest.json"))
        let samples = try SampleNets(directory: files.directory)
        let net = try #require(samples["Tiny"])
        #expect(net.file == files.path("a.onnx") && net.expected == files.path("e.npz"))
        #expect(net.classes == ["a", "b"] && net.std == [0.25] && net.seed == 3)
        #expect(samples["other"] == nil)
    }

    @Test func aPathOutOfTheDirectoryIsRefused() throws {
        for file in ["../a.onnx", "/etc/passwd", "b/../../a"] {
            try AtomicFile.write(manifest(file: file), to: files.path("manifest.json"))
            #expect(throws: SampleError.outside(path: files.path("manifest.json"), net: "tiny")) {
                try SampleNets(directory: files.directory)
            }
        }
    }

    @Test func everyTruncationIsAnError() throws {
        let whole = Array(manifest().utf8)
        for count in 0..<whole.count {
            _ = files.write(Array(whole.prefix(count)), "manifest.json")
            #expect(throws: SampleError.self) { try SampleNets(directory: files.directory) }
        }
    }

    @Test func theEnvironmentComesFirstThenTheInstallationThenTheTree() {
        #expect(SampleNets.candidates(environment: "/given", executable: "/usr/bin/nibble") == ["/given"])
        let found = SampleNets.candidates(environment: nil, executable: "/usr/bin/nibble")
        #expect(found == ["/usr/share/nibble/sample-nets", "/usr/bin/sample-nets", "/usr/sample-nets"])
    }
}
