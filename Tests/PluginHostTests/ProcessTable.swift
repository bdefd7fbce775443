import Foundation

/// What the system says about processes.
enum ProcessTable {
    /// Whether a process of that number runs. One that has ended does not, though it stays a zombie as long as it is not
    /// reaped, which may be for ever where its parent is gone.
    static func isAlive(_ pid: String?) -> Bool {
        guard let pid, let status = statusText(pid) else { return false }
        return !status.contains("\nState:\tZ")
    }

    private static func statusText(_ pid: String) -> String? {
        try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
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
            statusText("\(pid)")?.contains("\nPPid:\t\(getpid())\n") == true
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
            usleep(5_000)
        }
        return condition()
    }
}
