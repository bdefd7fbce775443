import CasparianModel

/// The name that a worker's connection has for the sentinel: the identity of its socket.
public struct WorkerKey: Hashable, Sendable {
    public let bytes: [UInt8]

    public init(_ bytes: [UInt8]) { self.bytes = bytes }
}

/// The moment an event happened, on two clocks.
public struct SchedulerTime: Hashable, Sendable {
    /// Since some fixed moment, never set back: what leases and deadlines count on.
    public var elapsed: Duration
    /// What stands in the catalog.
    public var wall: Timestamp

    public init(elapsed: Duration, wall: Timestamp) {
        self.elapsed = elapsed
        self.wall = wall
    }
}
