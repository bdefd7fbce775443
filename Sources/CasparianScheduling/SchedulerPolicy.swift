import CasparianModel

/// How long the sentinel waits for whom.
public struct SchedulerPolicy: Hashable, Sendable {
    /// A worker that announced heartbeats, or a job it holds, is lost when nothing was heard of it for so long.
    public var lease: Duration
    /// The same while its connection is down: it reconnects by itself, or it is dead.
    ///
    /// A worker that waits for its lease before it promotes (`fence`) keeps it while it is away, unless its process is
    /// known to be dead.
    public var reconnectGrace: Duration
    /// A worker without heartbeats may take so long for one job.
    public var plainJobDeadline: Duration
    /// Longest time that the jobs a worker holds beyond its slots may take, by the pace of its last ones.
    public var backlogAhead: Duration
    /// Time between two writes of a worker's row for heartbeats alone.
    public var saveInterval: Duration
    /// Workers at once; further ones are refused.
    public var workersMax: Int
    /// The sentinel looks at leases this often.
    public var tick: Duration
    /// Attempts of a job that fails for reasons that may pass, the first one included.
    public var attemptsMax: Int
    /// Wait before the second attempt; twice as long before each further one, up to `retryMax`.
    public var retryBase: Duration
    public var retryMax: Duration
    /// So many times as many attempts for a job whose staging another worker holds.
    let busyFactor = 4
    /// So many jobs of a plugin that fail for good one after the other pause it.
    public var failuresInARow: Int
    /// How long; twice as long after each job that was tried in vain, up to `pluginPauseMax`.
    public var pluginPause: Duration
    public var pluginPauseMax: Duration

    public init(
        lease: Duration = .seconds(15), reconnectGrace: Duration = .seconds(5),
        plainJobDeadline: Duration = .seconds(6 * 3600), backlogAhead: Duration = .milliseconds(50),
        saveInterval: Duration = .seconds(5), workersMax: Int = 10_000, tick: Duration = .seconds(1),
        attemptsMax: Int = 5, retryBase: Duration = .seconds(1), retryMax: Duration = .seconds(300),
        failuresInARow: Int = 20, pluginPause: Duration = .seconds(60), pluginPauseMax: Duration = .seconds(3600)
    ) {
        self.failuresInARow = failuresInARow
        self.pluginPause = pluginPause
        self.pluginPauseMax = pluginPauseMax
        self.attemptsMax = attemptsMax
        self.retryBase = retryBase
        self.retryMax = retryMax
        self.lease = lease
        self.reconnectGrace = reconnectGrace
        self.plainJobDeadline = plainJobDeadline
        self.backlogAhead = backlogAhead
        self.saveInterval = saveInterval
        self.workersMax = workersMax
        self.tick = tick
    }
}

extension SchedulerPolicy {
    /// How long a job waits after its attempts failed or were lost for reasons that may pass.
    ///
    /// Up to a quarter more or less by job and attempt, so that jobs which failed together do not come back together.
    ///
    /// - Parameter strikes: How many there were, from 1.
    func pause(after strikes: Int, of job: JobID) -> Duration {
        let doubled = retryBase * (1 << min(max(strikes - 1, 0), 20))
        // A number from 0 to 1 that follows from the job and the attempt (multiplicative hashing).
        let bits = (UInt64(bitPattern: job.rawValue) &* 31 &+ UInt64(strikes)) &* 0x9E37_79B9_7F4A_7C15
        let share = Double(bits >> 40) / Double(1 << 24)
        return min(doubled, retryMax) * (0.75 + share / 2)
    }
}
