import CKernels
import Glibc
import Testing

@Suite struct ProcessorsTests {
    /// The processors that the calling thread may run on, as Linux writes them.
    private func allowed() -> String? {
        guard let file = fopen("/proc/thread-self/status", "r") else { return nil }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 4096)
        while fgets(&line, Int32(line.count), file) != nil {
            let text = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self)
            if text.hasPrefix("Cpus_allowed:") { return text }
        }
        return nil
    }

    @Test func aThreadMayRunWhereItMightBefore() throws {
        let before = try #require(allowed())
        for threads in 1...9 {
            for thread in 0..<threads { nk_begin_thread(Int32(thread), Int32(threads)) }
            #expect(allowed() == before)
        }
        nk_begin_thread(70, Int32(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
        #expect(allowed() == before)
    }
}
