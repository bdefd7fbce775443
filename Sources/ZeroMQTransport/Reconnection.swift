/// Notices a worker's connection that libzmq has given up.
///
/// It connects again by itself, and says so at once, except after a peer broke the protocol (a frame over the bound) or
/// refused the worker's key.
struct Reconnection {
    private var lostAt: ContinuousClock.Instant?
    /// In a row.
    private var refusals = 0
    private(set) var isEstablished = false

    /// How long libzmq may take to say that it connects again.
    static let patience = Duration.milliseconds(500)
    /// It doubles with each refusal in a row, this many times: to 8 s.
    static let doublingsMax = 4

    mutating func note(_ news: SocketMonitor.News, at now: ContinuousClock.Instant = .now) {
        switch news {
        case .closed:
            lostAt = now
            isEstablished = false
        case .refused: refusals += 1
        case .established:
            lostAt = nil
            refusals = 0
            isEstablished = true
        case .accepted, .retrying: lostAt = nil
        }
    }

    /// True once for a connection that nobody restores.
    var isDue: Bool {
        mutating get {
            let patience = Self.patience * (1 << min(refusals, Self.doublingsMax))
            guard let lostAt, .now - lostAt >= patience else { return false }
            self.lostAt = nil
            return true
        }
    }

    /// For zmq_poll: without end unless a connection is being watched.
    var pollMilliseconds: Int { lostAt == nil ? -1 : 100 }
}
