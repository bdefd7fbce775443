import Glibc

/// Tells when a file system has been mounted or taken away: a guest in a sandbox sees those that were there at its start.
final class MountWatch: Sendable {
    private let descriptor: Int32

    init() { descriptor = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC) }
    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Whether anything has changed since the last time that this was asked.
    func hasChanged() -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLPRI), revents: 0)
        return descriptor >= 0 && poll(&entry, 1, 0) > 0
    }
}
