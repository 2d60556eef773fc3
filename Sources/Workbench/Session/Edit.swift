import Quant

/// A step in the history: two configurations and what was done, so that it can be undone and done again.
struct Edit: Hashable, Sendable {
    /// What was done, as the message line says it.
    let label: String
    /// The configuration before.
    let before: Configuration
    /// The configuration after.
    let after: Configuration

    /// The edit that takes this one back.
    var inverse: Edit { Edit(label: label, before: after, after: before) }
}
