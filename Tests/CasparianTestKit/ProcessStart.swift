import Foundation

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

    /// A pipe that a process gets only as its standard input or output: whatever else is started while it is open does
    /// not inherit it.
    public static func pipe() -> Pipe {
        let pipe = Pipe()
        for handle in [pipe.fileHandleForReading, pipe.fileHandleForWriting] {
            _ = fcntl(handle.fileDescriptor, F_SETFD, FD_CLOEXEC)
        }
        return pipe
    }
}
