/// Enough of a terminal to know what a curses program shows: of xterm, linux, vt and ansi what their entries in the terminal
/// database use.
public struct TerminalEmulator: Sendable {
    /// The columns.
    public private(set) var width: Int
    /// The rows.
    public private(set) var height: Int
    /// The private modes that are on, by their number: 25 cursor visible, 1049 alternate screen, 2004 bracketed paste, 1000
    /// mouse.
    public private(set) var modes: Set<Int> = [25]
    /// The numbers of the colours and attributes (SGR) that were ever set.
    public private(set) var renditions: Set<Int> = []
    /// Sequences the emulator does not know; a test expects none.
    public private(set) var unknown: [String] = []
    /// How often the screen was cleared.
    public private(set) var clears = 0

    var x = 0
    var y = 0
    var grid: [[Character]]
    private var top = 0
    private var bottom: Int
    private var pendingWrap = false
    private var last: Character = " "
    private var pending: [UInt8] = []

    /// Makes a blank terminal.
    public init(width: Int, height: Int) {
        self.width = width
        self.height = height
        bottom = height - 1
        grid = TerminalEmulator.blank(width, height)
    }

    private static func blank(_ width: Int, _ height: Int) -> [[Character]] {
        [[Character]](repeating: [Character](repeating: " ", count: width), count: height)
    }

    /// The rows as text without trailing blanks.
    public var lines: [String] {
        grid.map { row in
            var line = String(row)
            while line.last == " " { line.removeLast() }
            return line
        }
    }

    /// The rows joined by line ends.
    public var text: String { lines.joined(separator: "\n") }

    /// Whether all modes that a full-screen program switches on are off again.
    public var isRestored: Bool { modes == [25] }

    /// Whether a foreground or background colour was ever set.
    public var hasUsedColor: Bool {
        renditions.contains { (30...38).contains($0) || (40...48).contains($0) || $0 >= 90 }
    }

    /// Takes another size and forgets what was shown, as programs repaint then.
    public mutating func resize(width: Int, height: Int) {
        self.width = width
        self.height = height
        top = 0
        bottom = height - 1
        grid = TerminalEmulator.blank(width, height)
        x = min(x, width - 1)
        y = min(y, height - 1)
    }

    /// Shows what the program wrote; an incomplete sequence waits for the rest.
    public mutating func feed(_ bytes: some Sequence<UInt8>) {
        pending += bytes
        var position = 0
        while position < pending.count, let length = step(at: position) { position += length }
        pending.removeFirst(position)
    }

    /// The length of what begins at a position, after doing it; none if it is not complete.
    private mutating func step(at start: Int) -> Int? {
        switch pending[start] {
        case 0x1B: return escape(at: start)
        case 0x0D: x = 0
        case 0x0A: lineFeed()
        case 0x08: x = max(0, x - 1)
        case 0x09: x = min(width - 1, (x / 8 + 1) * 8)
        case 0..<0x20: return 1
        case let byte:
            let length = byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4
            guard pending.count - start >= length else { return nil }
            put(Character(String(decoding: pending[start..<start + length], as: UTF8.self)))
            return length
        }
        pendingWrap = false
        return 1
    }

    private mutating func put(_ character: Character) {
        if pendingWrap {
            x = 0
            lineFeed()
            pendingWrap = false
        }
        grid[y][x] = character
        last = character
        if x == width - 1 { pendingWrap = true } else { x += 1 }
    }

    private mutating func lineFeed() {
        if y == bottom { scroll(from: top, by: 1) } else { y = min(height - 1, y + 1) }
    }

    /// Moves the lines from `first` to the bottom margin up, or down where the count is negative.
    private mutating func scroll(from first: Int, by count: Int) {
        guard first <= bottom else { return }
        for _ in 0..<min(abs(count), height) {
            grid.remove(at: count > 0 ? first : bottom)
            grid.insert([Character](repeating: " ", count: width), at: count > 0 ? bottom : first)
        }
    }

    private mutating func escape(at start: Int) -> Int? {
        guard pending.count - start > 1 else { return nil }
        switch pending[start + 1] {
        case UInt8(ascii: "["): return controlSequence(at: start)
        case UInt8(ascii: "]"):
            for end in start + 2..<max(start + 2, pending.count) where pending[end] == 7 { return end - start + 1 }
            return nil
        case UInt8(ascii: "("), UInt8(ascii: ")"): return pending.count - start > 2 ? 3 : nil
        case UInt8(ascii: "M"):
            if y == top { scroll(from: top, by: -1) } else { y = max(0, y - 1) }
            return 2
        default: return 2
        }
    }

    private mutating func controlSequence(at start: Int) -> Int? {
        guard let end = pending[(start + 2)...].firstIndex(where: { (0x40...0x7E).contains($0) }) else {
            return nil
        }
        let body = String(decoding: pending[start + 2..<end], as: UTF8.self)
        let isPrivate = body.first == "?"
        let numbers = body.drop { "?>!=".contains($0) }.split(separator: ";", omittingEmptySubsequences: false)
            .map { Int($0) ?? 0 }
        perform(Character(Unicode.Scalar(pending[end])), numbers, isPrivate: isPrivate, body: body)
        return end - start + 1
    }

    private mutating func perform(_ final: Character, _ numbers: [Int], isPrivate: Bool, body: String) {
        func number(_ index: Int, or standard: Int = 1) -> Int {
            index < numbers.count && numbers[index] > 0 ? numbers[index] : standard
        }
        if final != "m" && final != "b" { pendingWrap = false }
        switch final {
        case "H", "f":
            y = min(height, number(0)) - 1
            x = min(width, number(1)) - 1
        case "A": y = max(0, y - number(0))
        case "B": y = min(height - 1, y + number(0))
        case "C": x = min(width - 1, x + number(0))
        case "D": x = max(0, x - number(0))
        case "G": x = min(width, number(0)) - 1
        case "d": y = min(height, number(0)) - 1
        case "J": eraseDisplay(number(0, or: 0))
        case "K": eraseLine(y, number(0, or: 0))
        case "X": for column in x..<min(width, x + number(0)) { grid[y][column] = " " }
        case "P":
            for _ in 0..<min(number(0), width - x) {
                grid[y].remove(at: x)
                grid[y].append(" ")
            }
        case "@":
            for _ in 0..<min(number(0), width - x) {
                grid[y].insert(" ", at: x)
                grid[y].removeLast()
            }
        case "L": scroll(from: y, by: -number(0))
        case "M": scroll(from: y, by: number(0))
        case "S": scroll(from: top, by: number(0))
        case "T": scroll(from: top, by: -number(0))
        case "b": for _ in 0..<number(0) { put(last) }
        case "r":
            top = min(height, number(0)) - 1
            bottom = max(top, min(height, number(1, or: height)) - 1)
            (x, y) = (0, 0)
        case "h" where isPrivate: modes.formUnion(numbers.filter(TerminalEmulator.isTracked))
        case "l" where isPrivate: modes.subtract(numbers)
        case "m": renditions.formUnion(numbers)
        case "h", "l", "t", "n", "c", "q": break
        default: unknown.append(body + String(final))
        }
    }

    private static func isTracked(_ mode: Int) -> Bool { mode == 25 || mode >= 1000 && mode != 1034 }

    private mutating func eraseDisplay(_ mode: Int) {
        if mode >= 2 || (mode == 0 && x == 0 && y == 0) { clears += 1 }
        for row in 0..<height {
            if row == y, mode < 2 {
                eraseLine(row, mode)
            } else if mode >= 2 || (mode == 0) == (row > y) {
                eraseLine(row, 2)
            }
        }
    }

    private mutating func eraseLine(_ row: Int, _ mode: Int) {
        for column in 0..<width where mode == 2 || (mode == 0 ? column >= x : column <= x) {
            grid[row][column] = " "
        }
    }
}
