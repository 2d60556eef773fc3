import ArgumentParser

/// How stored pixels become a net's input, as every command that reads images names it.
struct PreprocessingOptions: ParsableArguments {
    @Option(help: "Factor of the stored values; default 1/255 for integers, 1 for floats.")
    var scale: Float?

    @Option(help: "Subtracted after scaling: one value, or one per channel, separated by commas.")
    var mean: String?

    @Option(help: "Divided by last: one value, or one per channel, separated by commas.")
    var std: String?

    @Option(help: "Resize images so that their shorter side has this many pixels.")
    var resize: Int?

    @Option(help: "Cut this many pixels square from the centre.")
    var crop: Int?

    func validate() throws {
        for (name, value) in [("--resize", resize), ("--crop", crop)] {
            if let value, value < 1 { throw ValidationError("\(name) must be at least 1") }
        }
        if let scale, scale == 0 || !scale.isFinite { throw ValidationError("--scale is a number other than 0") }
        for (name, list) in [("--mean", mean), ("--std", std)] {
            if let list, Self.numbers(list) == nil {
                throw ValidationError("\(name) takes numbers separated by commas, not '\(list)'")
            }
        }
        if deviations?.contains(0) ?? false { throw ValidationError("--std must not be 0") }
    }

    /// The means named.
    var means: [Float]? { mean.flatMap(Self.numbers) }

    /// The deviations named.
    var deviations: [Float]? { std.flatMap(Self.numbers) }

    private static func numbers(_ list: String) -> [Float]? {
        let parts = list.split(separator: ",", omittingEmptySubsequences: false).map { Float($0) }
        let numbers = parts.compactMap { $0 }.filter(\.isFinite)
        return numbers.count == parts.count && !numbers.isEmpty ? numbers : nil
    }
}
