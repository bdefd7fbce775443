import CasparianModel
import CasparianScheduling
import Foundation

/// The two clocks of this machine.
public struct SentinelClock: Sendable {
    private let read: @Sendable () -> SchedulerTime

    public init(_ read: @escaping @Sendable () -> SchedulerTime) { self.read = read }

    public func now() -> SchedulerTime { read() }

    /// CLOCK_MONOTONIC, which stands still while the machine sleeps, and the wall clock in UTC.
    public static let system = SentinelClock {
        var monotonic = timespec()
        clock_gettime(CLOCK_MONOTONIC, &monotonic)
        var wall = timespec()
        clock_gettime(CLOCK_REALTIME, &wall)
        return SchedulerTime(
            elapsed: .seconds(Int64(monotonic.tv_sec)) + .nanoseconds(Int64(monotonic.tv_nsec)),
            wall: Timestamp(seconds: wall.tv_sec, nanoseconds: wall.tv_nsec))
    }
}

/// Whether a process of this machine is gone.
enum ProcessProbe {
    /// False for other hosts' processes and whenever it cannot be told.
    static func isDead(host: String?, pid: Int64?) -> Bool {
        guard let host, let pid, pid > 0, host == ProcessInfo.processInfo.hostName else { return false }
        if kill(pid_t(clamping: pid), 0) != 0 { return errno == ESRCH }
        // One that has ended and that its parent has not asked about.
        let text = FileManager.default.contents(atPath: "/proc/\(pid)/stat").map { String(decoding: $0, as: UTF8.self) }
        return text?.split(separator: ")").last?.split(separator: " ").first == "Z"
    }
}
