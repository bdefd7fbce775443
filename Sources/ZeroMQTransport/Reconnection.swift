/// Notices a worker's connection that libzmq has given up.
///
/// It connects again by itself, and says so at once, except after a peer broke the protocol (a frame over the bound).
struct Reconnection {
    private var lostAt: ContinuousClock.Instant?

    /// How long libzmq may take to say that it connects again.
    static let patience = Duration.milliseconds(500)

    mutating func note(_ news: SocketMonitor.News, at now: ContinuousClock.Instant = .now) {
        if case .closed = news { lostAt = now } else { lostAt = nil }
    }

    /// True once for a connection that nobody restores.
    var isDue: Bool {
        mutating get {
            guard let lostAt, .now - lostAt >= Self.patience else { return false }
            self.lostAt = nil
            return true
        }
    }

    /// For zmq_poll: without end unless a connection is being watched.
    var pollMilliseconds: Int { lostAt == nil ? -1 : 100 }
}
