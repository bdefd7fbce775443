import Foundation

/// Time since the system's start, also while it slept: a lease ends for a suspended machine, too.
enum BootClock {
    static var now: Duration {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
}
