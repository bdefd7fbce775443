import Foundation
import Synchronization

/// Makes connections, and keeps a few that are done with: a login takes longer than a small job.
final class Sessions: Sendable {
    // Sendable: a connection is in the list or with one sink, never both.
    private struct Idle: @unchecked Sendable { var connections: [Connection] = [] }

    let options: PostgreSQLOptions
    private let idle = Mutex(Idle())

    /// Kept at most, for all sinks of a process.
    static let idleMax = 4
    private static let reconnectPauseMicroseconds: UInt32 = 100_000

    init(_ options: PostgreSQLOptions) { self.options = options }

    /// One that answers.
    func connection() throws(ServerError) -> Connection {
        while let kept = idle.withLock({ $0.connections.popLast() }) {
            // The server may have ended it meanwhile.
            if (try? kept.run("SELECT 1")) != nil { return kept }
        }
        return try Connection(options)
    }

    /// A new one, also if the server is away for a while.
    func reconnect() throws(ServerError) -> Connection {
        let deadline = ContinuousClock.now + options.reconnectPatience
        while true {
            do {
                return try Connection(options)
            } catch {
                guard error.state == nil || error.isStarting, .now < deadline else { throw error }
                usleep(Self.reconnectPauseMicroseconds)
            }
        }
    }

    /// - Parameter connection: In no transaction, without locks.
    func giveBack(_ connection: Connection) {
        guard connection.isIdle else { return }
        let sent = Idle(connections: [connection])
        idle.withLock { idle in
            if idle.connections.count < Self.idleMax { idle.connections += sent.connections }
        }
    }
}
