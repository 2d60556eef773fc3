import Terminal
import Testing

@Suite struct KeyTableTests {
    private let table = KeyTable<String>([
        KeyBinding([.up, "k"], "previous", group: "Moving", hint: "layer", "previous layer"),
        KeyBinding([.down, "j"], "next", group: "Moving", hint: "layer", "next layer"),
        KeyBinding(["q"], "quit", group: "General", hint: "quit", "leave"),
        KeyBinding(["g"], "top", group: "Moving", "first layer"),
    ])

    @Test func keysFindTheirCommands() {
        #expect(table[.down] == "next")
        #expect(table["j"] == "next")
        #expect(table["J"] == nil)
        #expect(table.duplicates.isEmpty)
    }

    @Test func duplicateKeysAreFoundAndTheFirstCounts() {
        let doubled = table.followed(
            by: KeyTable([KeyBinding(["q", "x", "j"], "other", group: "General", "something else")]))
        #expect(doubled.duplicates == ["q", "j"])
        #expect(doubled["q"] == "quit")
        #expect(doubled["x"] == "other")
    }

    @Test func hintsJoinNeighboursOfOneMeaning() {
        #expect(table.hints(.unicode) == [KeyHint(key: "↑↓", text: "layer"), KeyHint(key: "q", text: "quit")])
        #expect(table.hints(.ascii).first?.key == "Up/Down")
    }

    @Test func groupsKeepTheirOrder() {
        #expect(table.groups.map(\.name) == ["Moving", "General"])
        #expect(table.groups[0].bindings.map(\.command) == ["previous", "next", "top"])
    }
}
