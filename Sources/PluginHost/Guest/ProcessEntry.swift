import CLinux
import Foundation

/// A process as `/proc` shows it, told apart from a later one of the same number by the time of its start.
struct ProcessEntry: Hashable {
    let pid: pid_t
    /// In clock ticks since the system's start.
    let start: UInt64
    let parent: pid_t
    /// Its process group.
    let group: pid_t
    /// It has ended and waits to be reaped.
    let isZombie: Bool

    /// Nil if there is no such process (any more).
    init?(pid: pid_t) {
        guard let data = FileManager.default.contents(atPath: "/proc/\(pid)/stat") else { return nil }
        // The name in parentheses may hold anything; the fields begin behind the last of them: state, parent, ...
        guard let end = data.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = String(decoding: data[data.index(after: end)...], as: UTF8.self).split(separator: " ")
        guard fields.count > 19, let parent = pid_t(fields[1]), let group = pid_t(fields[2]),
            let start = UInt64(fields[19])
        else { return nil }
        self.pid = pid
        self.start = start
        self.parent = parent
        self.group = group
        self.isZombie = fields[0] == "Z" || fields[0] == "X"
    }

    /// Every process that this one may see.
    static func all() -> [ProcessEntry] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { pid_t($0) }.compactMap(ProcessEntry.init)
    }

    /// The value of a variable in the environment that the process was started with; nil if it has none, or belongs to
    /// another user.
    func variable(_ name: String) -> String? {
        guard let data = FileManager.default.contents(atPath: "/proc/\(pid)/environ") else { return nil }
        let prefix = Array("\(name)=".utf8)
        let entry = data.split(separator: 0).first { $0.starts(with: prefix) }
        return entry.map { String(decoding: $0.dropFirst(prefix.count), as: UTF8.self) }
    }

    /// Signals exactly this process; nothing if it has ended.
    func signal(_ number: Int32) {
        let descriptor = cs_pidfd_open(pid)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        // Whoever has the number now, the descriptor stands for it; so this is asked after it was opened.
        guard ProcessEntry(pid: pid)?.start == start else { return }
        _ = cs_pidfd_signal(descriptor, number)
    }
}
