import NetIO

/// A small valid configuration.
enum ConfigurationSeed {
    static let bytes: [UInt8] = Array(
        JSON.object([
            ("schema", .int(1)), ("model", .string("m")), ("sha256", .string("00")),
            (
                "preprocessing",
                .object([
                    ("scale", .number(1)), ("mean", .array([.number(0.5)])), ("std", .array([.int(1)])),
                    ("channels", .string("rgb")), ("resize", .null), ("crop", .int(8)),
                ])
            ), ("calibration", .object([("images", .int(3)), ("digest", .string("aa"))])),
            ("budget", .string("bins")), ("rule", .string("exact")), ("residual", .string("8")),
            (
                "layers",
                .array([
                    .object([
                        ("name", .string("conv")), ("weights", .int(4)), ("activations", .string("float")),
                        ("clip", .string("percentile:99.9")), ("threshold", .number(1.5)),
                        ("granularity", .string("channel")), ("allocate", .string("both")),
                        ("correct", .string("mean")), ("weightChannelBits", .object([("1", .int(0))])),
                        ("activationChannelBits", .object([("0", .int(3))])),
                        ("resolved", .object([("thresholds", .array([.number(1)]))])),
                    ])
                ])
            ),
        ]).text.utf8)
}
