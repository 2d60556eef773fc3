// swift-tools-version: 6.2
import PackageDescription

/// Swift 6 mode, every warning an error, `any` written out, imports internal unless said otherwise.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
    name: "nibble",
    products: [
        .executable(name: "nibble", targets: ["nibble"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
    ],
    targets: [
        // Values and mathematics: no I/O.
        .target(name: "Net", swiftSettings: strict),
        .target(name: "Quant", dependencies: ["Net"], swiftSettings: strict),

        // The engine and its C kernels.
        .target(name: "CKernels"),
        .target(name: "Engine", dependencies: ["CKernels", "Net", "Quant"], swiftSettings: strict),

        // GFLOP/s of the convolution kernels on this machine.
        .executableTarget(
            name: "kernel-bench", dependencies: ["CKernels", "Engine", "Net", "Training"], swiftSettings: strict),

        // Seconds of passes, calibrations and edits over a net of one's own; scripts/bench drives it.
        .executableTarget(
            name: "engine-bench", dependencies: ["Engine", "Net", "NetIO", "Quant"], swiftSettings: strict),

        // The training lab.
        .target(name: "Training", dependencies: ["CKernels", "Engine", "Net", "Quant"], swiftSettings: strict),

        // Seconds of training steps; scripts/bench-training drives it.
        .executableTarget(
            name: "training-bench", dependencies: ["Engine", "Net", "Training"], swiftSettings: strict),

        // Files.
        .systemLibrary(name: "CPng", path: "Sources/Libraries/CPng"),
        .systemLibrary(name: "CTurboJPEG", path: "Sources/Libraries/CTurboJPEG"),
        .systemLibrary(name: "CZip", path: "Sources/Libraries/CZip"),
        .systemLibrary(name: "CZlib", path: "Sources/Libraries/CZlib"),
        // Generated code, the one place with @unchecked Sendable and nonisolated(unsafe): SwiftProtobuf's generator keeps
        // recursive messages in copy-on-write storage that is copied before every change, and its default instances
        // are never changed after they are made.
        .target(
            name: "OnnxProto", dependencies: [.product(name: "SwiftProtobuf", package: "swift-protobuf")],
            exclude: ["onnx.proto"], swiftSettings: strict),
        .target(
            name: "NetIO",
            dependencies: [
                "CPng", "CTurboJPEG", "CZip", "CZlib", "Net", "OnnxProto", "Quant",
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ], swiftSettings: strict),

        // The terminal toolkit.
        .systemLibrary(name: "CNcurses", path: "Sources/Libraries/CNcurses"),
        .target(name: "CTerm", cSettings: [.define("_GNU_SOURCE")]),
        .target(name: "Terminal", dependencies: ["CNcurses", "CTerm"], swiftSettings: strict),

        // The session without a screen, and the screens.
        .target(
            name: "Workbench", dependencies: ["Engine", "Net", "NetIO", "Quant", "Training"], swiftSettings: strict),
        .target(
            name: "TUI", dependencies: ["Engine", "Net", "Quant", "Terminal", "Training", "Workbench"],
            swiftSettings: strict),

        // Milliseconds of an edit and of a frame for every sample net.
        .executableTarget(
            name: "session-bench",
            dependencies: ["Engine", "Net", "NetIO", "Quant", "Terminal", "TUI", "Workbench"],
            swiftSettings: strict),

        // What the tests of terminal programs need, and a program for them to run.
        .target(name: "TerminalTesting", dependencies: ["CTerm"], swiftSettings: strict),
        .executableTarget(name: "terminal-demo", dependencies: ["Terminal"], swiftSettings: strict),

        // The command line.
        .executableTarget(
            name: "nibble",
            dependencies: [
                "Engine", "Net", "NetIO", "Quant", "Terminal", "Training", "TUI", "Workbench",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict),

        // ONNX's own test data against the engine.
        .executableTarget(
            name: "conformance", dependencies: ["Engine", "Net", "NetIO", "Quant"], swiftSettings: strict),

        // Array files, for tests and mutations.
        .target(name: "NetIOTesting", dependencies: ["CZip"], swiftSettings: strict),

        // Mutated files for the readers.
        .executableTarget(
            name: "reader-fuzz",
            dependencies: [
                "CPng", "CTurboJPEG", "CZlib", "Engine", "Net", "NetIO", "NetIOTesting", "OnnxProto", "Quant",
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ], swiftSettings: strict),

        // Tests.
        .testTarget(name: "NetTests", dependencies: ["Net"], swiftSettings: strict),
        .testTarget(name: "QuantTests", dependencies: ["Net", "Quant"], swiftSettings: strict),
        .testTarget(
            name: "EngineTests", dependencies: ["CKernels", "Engine", "Net", "Quant"], swiftSettings: strict),
        .testTarget(
            name: "NetIOTests",
            dependencies: [
                "CPng", "CTurboJPEG", "CZlib", "Net", "NetIO", "NetIOTesting", "OnnxProto", "Quant",
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ], swiftSettings: strict),
        .testTarget(
            name: "TrainingTests", dependencies: ["Engine", "Net", "Quant", "Training"], swiftSettings: strict),
        .testTarget(
            name: "TerminalTests", dependencies: ["Terminal", "TerminalTesting", "terminal-demo"],
            swiftSettings: strict),
        .testTarget(
            name: "WorkbenchTests", dependencies: ["Engine", "Net", "NetIO", "Quant", "Training", "Workbench"],
            swiftSettings: strict),
        .testTarget(
            name: "TUITests",
            dependencies: ["Engine", "Net", "NetIO", "Quant", "Terminal", "Training", "TUI", "Workbench"],
            swiftSettings: strict),
        .testTarget(
            name: "CommandLineTests",
            dependencies: ["CPng", "Engine", "Net", "NetIO", "Quant", "TerminalTesting", "nibble"],
            swiftSettings: strict),
    ]
)
