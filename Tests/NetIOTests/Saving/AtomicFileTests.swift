import Glibc
import Testing

@testable import NetIO

@Suite struct AtomicFileTests {
    let files: DataFiles
    init() throws { files = try DataFiles() }

    private func content(_ name: String) throws -> String {
        try MappedFile(path: files.path(name)).withBytes { String(decoding: $0, as: UTF8.self) }
    }

    @Test func theNewContentReplacesTheOldAndNothingElseStays() throws {
        try AtomicFile.write("one", to: files.path("a"))
        chmod(files.path("a"), 0o640)
        try AtomicFile.write("two", to: files.path("a"))
        #expect(try content("a") == "two")
        #expect(files.names == ["a"])
        var status = stat()
        #expect(stat(files.path("a"), &status) == 0 && status.st_mode & 0o777 == 0o640)
    }

    @Test func aLinkKeepsPointing() throws {
        try AtomicFile.write("one", to: files.path("a"))
        symlink("a", files.path("link"))
        try AtomicFile.write("two", to: files.path("link"))
        var status = stat()
        #expect(lstat(files.path("link"), &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
        #expect(try content("a") == "two")
    }

    @Test func impossiblePathsAreErrorsThatLeaveNothing() throws {
        #expect(throws: SavingError.self) { try AtomicFile.write("x", to: files.path("missing/a")) }
        #expect(throws: SavingError.notAFile(path: files.directory)) {
            try AtomicFile.write("x", to: files.directory)
        }
        #expect(throws: SavingError.self) { try AtomicFile.write("x", to: "/proc/nibble") }
        #expect(files.names.isEmpty)
    }
}
