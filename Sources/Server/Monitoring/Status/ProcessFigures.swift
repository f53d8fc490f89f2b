import Foundation
import Glibc

/// What the system says of this process: only from its own files in /proc, which a confined process may read.
enum ProcessFigures {
    /// Bytes of memory in use.
    static var residentBytes: Int? {
        guard let fields = text("/proc/self/statm")?.split(separator: " "), fields.count > 1 else { return nil }
        return Int(fields[1]).map { $0 * sysconf(Int32(_SC_PAGESIZE)) }
    }

    /// Seconds of processor time.
    static var cpuSeconds: Double? {
        var usage = rusage()
        guard getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return nil }
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }

    /// When the process was started, seconds since 1970: the wall clock's time now, less the process' age.
    static let startSeconds: Double? = {
        // The second field is the program's name in brackets, and may hold anything.
        guard let text = text("/proc/self/stat"), let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count > 19, let ticks = Double(fields[19]) else { return nil }
        guard let sinceBoot = Self.text("/proc/uptime")?.split(separator: " ").first.flatMap({ Double($0) }) else {
            return nil
        }
        return Date().timeIntervalSince1970 - sinceBoot + ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
    }()

    /// How many files and connections are open.
    static var openDescriptors: Int? {
        guard let folder = opendir("/proc/self/fd") else { return nil }
        defer { closedir(folder) }
        var count = 0
        while let entry = readdir(folder) {
            // "." and "..".
            if entry.pointee.d_name.0 != 0x2E { count += 1 }
        }
        // The one that was opened to count them.
        return count - 1
    }

    private static func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }

    private static func text(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 4096) { buffer in
            let count = read(descriptor, buffer.baseAddress, buffer.count)
            return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
        }
    }
}
