import CLinux
import Foundation

/// Whether this machine lets a worker bound what a process of its own takes.
public enum ResourceProbe {
    /// Starts a process and bounds it.
    ///
    /// - Returns: Nil if that works, else what the system says.
    public static func limitsOwnChildren() -> String? {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sleep")
        process.arguments = ["10"]
        do { try process.run() } catch { return "/bin/sleep cannot be started: \(error.localizedDescription)" }
        defer {
            process.terminate()
            process.waitUntilExit()
        }
        let reason = cs_limit(process.processIdentifier, 1 << 30, 60, 64)
        return reason == 0 ? nil : "prlimit: \(String(cString: strerror(reason)))"
    }
}
