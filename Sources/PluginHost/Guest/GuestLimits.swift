/// Limits of one guest.
public struct GuestLimits: Hashable, Sendable {
    /// From the start of the process to its first frame.
    public var start = Duration.seconds(60)
    /// For the module of one plugin file to be imported in discovery.
    public var describe = Duration.seconds(30)
    /// From a request to end to SIGKILL: SIGTERM for a job that is stopped, else the end of the channel.
    public var grace = Duration.seconds(2)
    /// After so many jobs the process is replaced, so that leaks do not add up.
    public var jobsMax = 10_000
    /// Resident memory after a job above which the process is replaced, in bytes.
    public var residentBytesMax: Int64 = 1 << 30

    public init() {}

    /// Buffer of the socket in each direction.
    static let socketBytes: Int32 = 4 << 20
    /// What is kept of what a plugin prints.
    static let logBytesMax = 64 << 10
    /// A frame announced as longer is garbage.
    static let frameBytesMax = 512 << 20
}
