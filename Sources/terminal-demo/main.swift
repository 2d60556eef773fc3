// A small program that uses the whole toolkit, for the tests to run on a pseudo-terminal.

import Glibc
import Terminal

/// What the demo's keys do.
enum Command: Hashable, Sendable {
    case move(Int), work, help, prompt, crash, abort, suspend, quit
}

/// What a job says.
enum Message: Hashable, Sendable {
    case progress(Double), done
}

let keys = KeyTable<Command>([
    KeyBinding([.up, "k"], .move(-1), group: "Moving", hint: "layer", "previous layer"),
    KeyBinding([.down, "j"], .move(1), group: "Moving", hint: "layer", "next layer"),
    KeyBinding(["w"], .work, group: "General", hint: "work", "start a job in the background"),
    KeyBinding([":"], .prompt, group: "General", hint: "command", "edit a line"),
    KeyBinding(["!"], .crash, group: "General", "crash on purpose"),
    KeyBinding(["@"], .abort, group: "General", "abort on purpose"),
    KeyBinding([.control("z")], .suspend, group: "General", "suspend"),
    KeyBinding(["q", .control("c")], .quit, group: "General", hint: "quit", "leave"),
    KeyBinding(["?", .function(1)], .help, group: "General", hint: "all keys", "this help"),
])

var options: NcursesScreen.Options = []
for argument in CommandLine.arguments.dropFirst() {
    switch argument {
    case "--ascii": options.insert(.ascii)
    case "--no-color": options.insert(.noColor)
    case "--no-mouse": options.insert(.noMouse)
    default: fail("unknown option \(argument)")
    }
}

do {
    let screen = try NcursesScreen(options: options)
    let end = Demo(look: screen.look).run(on: screen)
    screen.close()
    print("ended: \(end)")
} catch {
    fail("\(error)")
}

func fail(_ text: String) -> Never {
    var line = "terminal-demo: \(text)\n"
    line.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
    exit(2)
}
