import Foundation

/// The process's limit of open files, sockets among them (getrlimit(2)).
enum OpenFiles {
    /// More is of no use to a sentinel, whose workers have a connection each.
    private static let wanted: rlim_t = 65_536

    /// Raises the limit as far as that is allowed: a session's usual one of 1,024 is less than a thousand workers need.
    static func allowMany() {
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0, limit.rlim_cur < min(wanted, limit.rlim_max) else { return }
        limit.rlim_cur = min(wanted, limit.rlim_max)
        _ = setrlimit(resource, &limit)
    }
}
