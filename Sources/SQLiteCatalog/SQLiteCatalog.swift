import CasparianCatalog
import CasparianModel
import Dispatch
import GRDB

/// The catalog in an SQLite file (docs/catalog.md).
///
/// Several processes may have the file open at once. Every call is one transaction: writes are immediate and durable
/// (WAL, `synchronous = FULL`) when the call returns; reads see one consistent state and never wait for a writer.
/// Calls are not undone by cancellation of the calling task.
public final class SQLiteCatalog: Catalog {
    /// How long a write waits for another process's transaction.
    public static let busyTimeoutSeconds = 10.0
    /// Connections that read at the same time.
    static let readersMax = 4
    /// Attempts to open a file while another process switches it to WAL.
    static let openAttemptsMax = 50
    /// Wait between two of them.
    static let openRetryMicroseconds: UInt32 = 20_000

    /// The file.
    public let path: String
    let pool: DatabasePool
    let watcher: ChangeWatcher
    /// Used on the writer's connection only, which runs one transaction at a time.
    let repair: ReadyRepair
    let turns = PluginTurns()
    /// Events that are kept.
    let eventsMax: Int
    private let writes = DispatchQueue(label: "casparian.catalog.write")
    private let reads = DispatchQueue(label: "casparian.catalog.read", attributes: .concurrent)

    /// Opens the file, creates it where it is missing, and adds the side tables it lacks.
    ///
    /// - Throws: `CatalogError` that names the file, the reason and what to do.
    public convenience init(path: String) throws {
        try self.init(path: path, eventsMax: EventLogLimits.eventsMax)
    }

    /// The same with another length of the event log.
    init(path: String, eventsMax: Int) throws {
        self.path = path
        self.eventsMax = eventsMax
        do {
            try CatalogFile.check(path: path)
            pool = try CatalogFile.open(path: path)
            watcher = try ChangeWatcher(path: path)
        } catch {
            throw CatalogError(error, path: path)
        }
        repair = ReadyRepair()
    }

    /// Whoever closes the file last moves what its log (`-wal`) holds into it, but a connection that only reads cannot:
    /// those close first, the writer's last.
    deinit {
        watcher.close()
        pool.releaseMemory()
        try? pool.close()
    }

    public func waitForChange(timeout: Duration) async { await watcher.wait(timeout: timeout) }

    /// Runs one immediate transaction.
    ///
    /// - Parameters:
    ///   - checksForeignKeys: False where the body writes parents and children together: a check for each row takes a third
    ///     of the time, and a place and its version, which name each other, need a second write.
    ///   - body: Writes.
    func write<Result: Sendable>(
        checksForeignKeys: Bool = true, _ body: @escaping @Sendable (Database) throws -> Result
    ) async throws -> Result {
        let result: Result = try await withCheckedThrowingContinuation { continuation in
            writes.async { [pool, path] in
                continuation.resume(
                    with: Swift.Result { try Self.transaction(pool, path, checksForeignKeys: checksForeignKeys, body) })
            }
        }
        watcher.wake()
        return result
    }

    /// Runs a transaction and undoes what it wrote.
    func preview<Result: Sendable>(_ body: @escaping @Sendable (Database) throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            writes.async { [pool, path] in
                continuation.resume(
                    with: Swift.Result {
                        var result: Result?
                        do {
                            try pool.writeInTransaction(.immediate) { db in
                                result = try body(db)
                                return .rollback
                            }
                        } catch {
                            throw CatalogError(error, path: path)
                        }
                        guard let result else { preconditionFailure("a transaction that ended has a result") }
                        return result
                    })
            }
        }
    }

    /// Reads one consistent state.
    func read<Result: Sendable>(_ body: @escaping @Sendable (Database) throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            reads.async { [pool, path] in
                continuation.resume(
                    with: Swift.Result {
                        do { return try pool.read(body) } catch { throw CatalogError(error, path: path) }
                    })
            }
        }
    }

    private static func transaction<Result>(
        _ pool: DatabasePool, _ path: String, checksForeignKeys: Bool, _ body: (Database) throws -> Result
    ) throws -> Result {
        var result: Result?
        do {
            try pool.writeWithoutTransaction { db in
                // Within a transaction it would be ignored.
                if !checksForeignKeys { try db.execute(sql: "PRAGMA foreign_keys = OFF") }
                defer { if !checksForeignKeys { try? db.execute(sql: "PRAGMA foreign_keys = ON") } }
                try db.inTransaction(.immediate) {
                    result = try body(db)
                    return .commit
                }
            }
        } catch {
            throw CatalogError(error, path: path)
        }
        guard let result else { preconditionFailure("a committed transaction has a result") }
        return result
    }
}
