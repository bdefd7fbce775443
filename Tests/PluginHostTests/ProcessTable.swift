import Foundation

/// What the system says about processes.
enum ProcessTable {
    /// Whether there is a process of that number, zombies included.
    static func isAlive(_ pid: String?) -> Bool {
        guard let pid, let number = pid_t(pid) else { return false }
        return kill(number, 0) == 0
    }

    /// Waits until a child has ended with all its threads, and leaves it to be reaped by who started it.
    static func waitForEnd(_ pid: pid_t) {
        var info = siginfo_t()
        while waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) != 0, errno == EINTR {}
    }

    /// Children of this process, zombies included.
    static func children() -> [pid_t] {
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return entries.compactMap { pid_t($0) }.filter { pid in
            guard let status = try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8) else { return false }
            return status.contains("PPid:\t\(getpid())\n")
        }
    }

    /// Descriptors that this process has open.
    static func descriptors() -> Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0
    }

    /// Waits until a condition holds that another thread or process brings about; false after a minute.
    static func eventually(_ condition: () -> Bool) -> Bool {
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline {
            if condition() { return true }
            sched_yield()
        }
        return condition()
    }
}
