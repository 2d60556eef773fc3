internal import CNcurses
internal import Glibc

/// Turns what curses reads into keys, pastes and mouse events.
struct InputReader {
    private let window: UnsafeMutablePointer<WINDOW>
    /// The text of a paste whose end has not come yet.
    private var paste: String?
    private var isDragging = false
    /// Codes above those of curses (KEY_MAX is 0o777) for the sequences around a paste.
    private static let pasteStart: Int32 = 0o2000
    private static let pasteEnd: Int32 = 0o2001

    init(window: UnsafeMutablePointer<WINDOW>) {
        self.window = window
        define_key("\u{1B}[200~", InputReader.pasteStart)
        define_key("\u{1B}[201~", InputReader.pasteEnd)
        // Curses expects what the terminal sends in application mode; some stay in the other.
        let cursorKeys = ["A": KEY_UP, "B": KEY_DOWN, "C": KEY_RIGHT, "D": KEY_LEFT, "H": KEY_HOME, "F": KEY_END]
        for (letter, code) in cursorKeys where key_defined("\u{1B}[" + letter) == 0 {
            define_key("\u{1B}[" + letter, code)
        }
    }

    /// Everything at hand; a sequence that curses does not know is dropped.
    mutating func take() -> [InputEvent] {
        var events: [InputEvent] = []
        while true {
            var code: wint_t = 0
            switch wget_wch(window, &code) {
            case ERR: return events
            case KEY_CODE_YES: if let event = event(ofCode: Int32(bitPattern: code)) { events.append(event) }
            default: if let event = event(ofScalar: code) { events.append(event) }
            }
        }
    }

    private mutating func event(ofCode code: Int32) -> InputEvent? {
        switch code {
        case InputReader.pasteStart:
            paste = ""
            return nil
        case InputReader.pasteEnd:
            defer { paste = nil }
            return paste.map { .paste($0) }
        case KEY_MOUSE: return mouseEvent()
        default: break
        }
        if paste != nil { return nil }
        switch code {
        case KEY_UP: return .key(.up)
        case KEY_DOWN: return .key(.down)
        case KEY_LEFT: return .key(.left)
        case KEY_RIGHT: return .key(.right)
        case KEY_PPAGE: return .key(.pageUp)
        case KEY_NPAGE: return .key(.pageDown)
        case KEY_HOME: return .key(.home)
        case KEY_END: return .key(.end)
        case KEY_BTAB: return .key(.backTab)
        case KEY_ENTER: return .key(.enter)
        case KEY_BACKSPACE: return .key(.backspace)
        case KEY_DC: return .key(.delete)
        case KEY_IC: return .key(.insert)
        case cn_function_key + 1...cn_function_key + 63: return .key(.function(Int(code - cn_function_key)))
        default: return nil
        }
    }

    private mutating func event(ofScalar value: wint_t) -> InputEvent? {
        guard let scalar = Unicode.Scalar(UInt32(value)) else { return nil }
        if paste != nil {
            paste?.unicodeScalars.append(scalar == "\r" ? "\n" : scalar)
            return nil
        }
        switch scalar.value {
        case 0x09: return .key(.tab)
        case 0x0A, 0x0D: return .key(.enter)
        case 0x1B: return .key(.escape)
        case 0x08, 0x7F: return .key(.backspace)
        case 0x01...0x1A: return .key(.control(Character(Unicode.Scalar(UInt8(scalar.value + 0x60)))))
        case 0..<0x20: return nil
        default: return .key(.character(Character(scalar)))
        }
    }

    private mutating func mouseEvent() -> InputEvent? {
        var event = MEVENT()
        guard getmouse(&event) == OK else { return nil }
        let position = Point(x: Int(event.x), y: Int(event.y))
        let state = event.bstate
        if state & cn_wheel_up != 0 { return .mouse(MouseEvent(.scrollUp, at: position)) }
        if state & cn_wheel_down != 0 { return .mouse(MouseEvent(.scrollDown, at: position)) }
        if state & cn_left_pressed != 0 {
            isDragging = true
            return .mouse(MouseEvent(.press, at: position))
        }
        if state & cn_left_released != 0 {
            isDragging = false
            return .mouse(MouseEvent(.release, at: position))
        }
        if state & cn_mouse_moved != 0, isDragging { return .mouse(MouseEvent(.drag, at: position)) }
        return nil
    }
}
