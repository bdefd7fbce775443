/// How long the sentinel waits for whom.
public struct SchedulerPolicy: Hashable, Sendable {
    /// A worker that announced heartbeats, or a job it holds, is lost when nothing was heard of it for so long.
    public var lease: Duration
    /// The same while its connection is down: it reconnects by itself, or it is dead.
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

    public init(
        lease: Duration = .seconds(15), reconnectGrace: Duration = .seconds(5),
        plainJobDeadline: Duration = .seconds(6 * 3600), backlogAhead: Duration = .milliseconds(50),
        saveInterval: Duration = .seconds(5), workersMax: Int = 10_000, tick: Duration = .seconds(1)
    ) {
        self.lease = lease
        self.reconnectGrace = reconnectGrace
        self.plainJobDeadline = plainJobDeadline
        self.backlogAhead = backlogAhead
        self.saveInterval = saveInterval
        self.workersMax = workersMax
        self.tick = tick
    }
}
