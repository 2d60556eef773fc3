/// One line of a key table: what some keys do, and how footer and help say it.
public struct KeyBinding<Command: Sendable>: Sendable {
    /// The keys; the first is the one that hints show.
    public let keys: [Key]
    /// What they do.
    public let command: Command
    /// The heading in the help under which the binding stands.
    public let group: String
    /// A word or two for the footer; none keeps it out of there.
    public let hint: String?
    /// The line in the help.
    public let description: String

    /// Makes a binding.
    public init(_ keys: [Key], _ command: Command, group: String, hint: String? = nil, _ description: String) {
        self.keys = keys
        self.command = command
        self.group = group
        self.hint = hint
        self.description = description
    }

    /// The names of the keys, separated by blanks.
    public func label(_ glyphs: Glyphs) -> String { keys.map { $0.label(glyphs) }.joined(separator: " ") }
}

/// The one place that says which key does what: it drives dispatch, footer and help.
///
///     let table = KeyTable([
///         KeyBinding(["q"], Command.quit, group: "General", hint: "quit", "leave; asks if something is unsaved"),
///         KeyBinding([.down, "j"], .select(1), group: "Moving", hint: "layer", "next layer"),
///     ])
///     if let command = table[key] { update(command) }
///     Footer(table.hints(look.glyphs)).draw(on: &canvas, in: footer, look: look)
public struct KeyTable<Command: Sendable>: Sendable {
    /// The bindings in the order of the help.
    public let bindings: [KeyBinding<Command>]
    /// The keys that more than one binding claims; a test expects none.
    public let duplicates: [Key]
    private let positions: [Key: Int]

    /// Makes a table; of two bindings with the same key the first counts.
    public init(_ bindings: [KeyBinding<Command>]) {
        var positions: [Key: Int] = [:]
        var duplicates: [Key] = []
        for (position, binding) in bindings.enumerated() {
            for key in binding.keys {
                if positions[key] == nil {
                    positions[key] = position
                } else if !duplicates.contains(key) {
                    duplicates.append(key)
                }
            }
        }
        self.bindings = bindings
        self.duplicates = duplicates
        self.positions = positions
    }

    /// The command of a key.
    public subscript(key: Key) -> Command? { positions[key].map { bindings[$0].command } }

    /// This table's bindings before those of another: a view's own keys, then the general ones.
    public func followed(by other: KeyTable) -> KeyTable { KeyTable(bindings + other.bindings) }

    /// The hints for the footer: bindings with the same hint text side by side are joined, as in `↑↓ layer`.
    public func hints(_ glyphs: Glyphs) -> [KeyHint] {
        var hints: [KeyHint] = []
        for binding in bindings {
            guard let text = binding.hint, let key = binding.keys.first else { continue }
            if let last = hints.last, last.text == text {
                let separator = glyphs == .unicode ? "" : "/"
                hints[hints.count - 1] = KeyHint(key: last.key + separator + key.label(glyphs), text: text)
            } else {
                hints.append(KeyHint(key: key.label(glyphs), text: text))
            }
        }
        return hints
    }

    /// The bindings by group, groups in the order of their first appearance.
    public var groups: [(name: String, bindings: [KeyBinding<Command>])] {
        var groups: [(name: String, bindings: [KeyBinding<Command>])] = []
        for binding in bindings {
            if let index = groups.firstIndex(where: { $0.name == binding.group }) {
                groups[index].bindings.append(binding)
            } else {
                groups.append((binding.group, [binding]))
            }
        }
        return groups
    }
}

/// A key's name and what it does in a word or two.
public struct KeyHint: Hashable, Sendable {
    /// The key's name.
    public let key: String
    /// What it does.
    public let text: String

    /// Makes a hint.
    public init(key: String, text: String) {
        self.key = key
        self.text = text
    }
}
