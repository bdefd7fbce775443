import Dispatch

/// Starts of processes with pipes, one after the other.
public enum ProcessStart {
    private static let turn = DispatchSemaphore(value: 1)

    /// Makes pipes and starts the process that they are for. A process that is started meanwhile could inherit them,
    /// and whoever waits for a pipe's end would wait for that process too.
    public static func alone<Made>(_ body: () throws -> Made) rethrows -> Made {
        turn.wait()
        defer { turn.signal() }
        return try body()
    }
}
