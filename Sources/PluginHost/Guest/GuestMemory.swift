import Foundation

/// How much memory a guest's process had resident.
enum GuestMemory {
    /// Makes the peak that the kernel keeps begin anew; where it refuses, the peak is the one of the process's life.
    static func resetPeak(_ pid: pid_t) {
        let descriptor = open("/proc/\(pid)/clear_refs", O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        _ = write(descriptor, "5", 1)
        close(descriptor)
    }

    /// The peak since then in bytes; nil for a process that has ended. Asked after each job, so it takes no detours.
    static func peakBytes(_ pid: pid_t) -> Int64? { bytes(pid, "status", "VmHWM:") }

    /// Resident now, in bytes; nil for a process that has ended.
    static func residentBytes(_ pid: pid_t) -> Int64? { bytes(pid, "status", "VmRSS:") }

    /// What counts towards a limit of memory (RLIMIT_DATA), in bytes; nil for a process that has ended.
    static func allocatedBytes(_ pid: pid_t) -> Int64? { bytes(pid, "status", "VmData:") }

    /// What processes hold together in bytes, without the files that they map, which the system can take back.
    ///
    /// - Parameters:
    ///   - processes: Their numbers; those that have ended hold nothing.
    ///   - enough: A sum up to this may be too high: what processes that were forked still share counts for each of them.
    static func heldBytes(_ processes: [pid_t], enough: Int64) -> Int64 {
        let sum = processes.reduce(0) { $0 + (bytes($1, "status", "RssAnon:") ?? 0) }
        if sum <= enough { return sum }
        // What is shared counts once here, and takes the kernel longer.
        return processes.reduce(0) { sum, pid in
            sum + (bytes(pid, "smaps_rollup", "Pss_Anon:") ?? bytes(pid, "status", "RssAnon:") ?? 0)
        }
    }

    private static func bytes(_ pid: pid_t, _ file: String, _ key: String) -> Int64? {
        let descriptor = open("/proc/\(pid)/\(file)", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        return withUnsafeTemporaryAllocation(byteCount: statusBytesMax, alignment: 1) { buffer in
            let count = read(descriptor, buffer.baseAddress, buffer.count)
            guard count > 0 else { return nil }
            let text = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            for line in text.split(separator: UInt8(ascii: "\n")) where line.starts(with: key.utf8) {
                let digits = line.filter { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
                return Int64(String(decoding: digits, as: UTF8.self)).map { $0 * 1024 }
            }
            return nil
        }
    }

    /// The line that is wanted stands in the first half of some 1,500 bytes.
    private static let statusBytesMax = 4096
}

/// What the kernel says about processes that it killed because there was no memory left.
struct MemoryKills: Hashable {
    /// So far: of this process's control group, or of the whole system where that is not known.
    var count: Int64
    /// The control group's limit in bytes, if it has one.
    var limitBytes: Int64?

    /// - Parameter root: Where `proc` and `sys` lie.
    /// - Returns: Nil where the kernel does not tell.
    static func read(root: String = "") -> MemoryKills? {
        func text(_ path: String) -> String? {
            FileManager.default.contents(atPath: root + path).map { String(decoding: $0, as: UTF8.self) }
        }
        func number(_ name: String, in text: String?) -> Int64? {
            let line = text?.split(separator: "\n").first { $0.hasPrefix(name + " ") }
            return line.flatMap { Int64($0.dropFirst(name.count + 1)) }
        }
        for line in (text("/proc/self/cgroup") ?? "").split(separator: "\n") {
            // `<number>:<controllers>:<path>`; version 2 has number 0 and no controllers.
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 3 else { continue }
            if parts[1].isEmpty {
                let folder = "/sys/fs/cgroup" + parts[2]
                guard let count = number("oom_kill", in: text(folder + "/memory.events")) else { continue }
                return MemoryKills(count: count, limitBytes: text(folder + "/memory.max").flatMap(limit))
            }
            if parts[1].split(separator: ",").contains("memory") {
                let folder = "/sys/fs/cgroup/memory" + parts[2]
                guard let count = number("oom_kill", in: text(folder + "/memory.oom_control")) else { continue }
                return MemoryKills(count: count, limitBytes: text(folder + "/memory.limit_in_bytes").flatMap(limit))
            }
        }
        return number("oom_kill", in: text("/proc/vmstat")).map { MemoryKills(count: $0) }
    }

    /// Version 2 writes `max` for none, version 1 a number near 2^63.
    private static func limit(_ text: String) -> Int64? {
        Int64(text.filter { !$0.isWhitespace }).flatMap { $0 < 1 << 60 ? $0 : nil }
    }
}
