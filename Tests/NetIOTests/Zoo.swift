import Glibc

/// Real nets beside the project, for tests that are skipped without them.
enum Zoo {
    /// The directory, from NIBBLE_ZOO or beside the package.
    static let directory: String = {
        if let named = getenv("NIBBLE_ZOO") { return String(cString: named) }
        let package = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        return "/\(package)/../shared/zoo"
    }()

    static func path(_ name: String) -> String { "\(directory)/\(name)" }

    static func has(_ name: String) -> Bool { access(path(name), R_OK) == 0 }
}
