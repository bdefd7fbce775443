import CasparianCatalog
import Foundation
import GRDB

/// Opens the file and makes sure that it can be worked with.
enum CatalogFile {
    /// Memory for pages of the one connection that writes.
    static let writerCacheKilobytes = 65_536
    /// Pages of 4 KiB in the log before they are moved.
    static let checkpointPages = 8_192

    /// What SQLite would only report as "unable to open database file".
    static func check(path: String) throws {
        let folder = (path as NSString).deletingLastPathComponent
        var isFolder: ObjCBool = false
        if !FileManager.default.fileExists(atPath: folder.isEmpty ? "." : folder, isDirectory: &isFolder)
            || !isFolder.boolValue
        {
            throw CatalogError(
                code: .cannotOpen, subject: path,
                message: "the folder '\(folder)' does not exist; create it or name another file with --database")
        }
        if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) {
            if isFolder.boolValue {
                throw CatalogError(
                    code: .cannotOpen, subject: path, message: "it is a folder; name a file with --database")
            }
            if access(path, R_OK | W_OK) != 0 {
                throw CatalogError(
                    code: .cannotOpen, subject: path,
                    message: "it cannot be read and written by this user (\(String(cString: strerror(errno)))); "
                        + "change its permissions or name another file with --database")
            }
        }
    }

    static func open(path: String) throws -> DatabasePool {
        var attempt = 1
        while true {
            do {
                return try openOnce(path: path)
            } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY {
                // Switching a new file to WAL needs it alone, and SQLite does not wait for that by itself.
                guard attempt < SQLiteCatalog.openAttemptsMax else { throw error }
                attempt += 1
                usleep(SQLiteCatalog.openRetryMicroseconds)
            }
        }
    }

    private static func openOnce(path: String) throws -> DatabasePool {
        let pool = try DatabasePool(path: path, configuration: configuration())
        // GRDB sets NORMAL for WAL, with which a power cut may undo the last commits.
        // The writer keeps what a scan's transaction touches in memory (content hashes come in no order, so that is most of
        // an index), and moves the log into the file when that is worth it: by default every 4 MB would be written twice.
        try pool.writeWithoutTransaction { db in
            try db.execute(
                sql: """
                    PRAGMA synchronous = FULL; PRAGMA cache_size = -\(writerCacheKilobytes);
                    PRAGMA wal_autocheckpoint = \(checkpointPages)
                    """)
        }
        if try !pool.read(Migration.isCurrent) {
            try pool.writeInTransaction(.immediate) { db in
                try checkColumns(db, path: path)
                try Migration.run(on: db, subject: path)
                return .commit
            }
        }
        try pool.read { try checkColumns($0, path: path) }
        return pool
    }

    static func configuration() -> Configuration {
        var configuration = Configuration()
        configuration.label = "casparian.catalog"
        configuration.foreignKeysEnabled = true
        configuration.busyMode = .timeout(SQLiteCatalog.busyTimeoutSeconds)
        configuration.maximumReaderCount = SQLiteCatalog.readersMax
        configuration.journalMode = .wal
        return configuration
    }

    private static func checkColumns(_ db: Database, path: String) throws {
        for table in InheritedTable.all where try db.tableExists(table.name) {
            let present = Set(try db.columns(in: table.name).map { $0.name.lowercased() })
            if let missing = table.columns.first(where: { !present.contains($0) }) {
                throw CatalogError(
                    code: .cannotOpen, subject: path,
                    message: "its table \(table.name) has no column '\(missing)', so it is not a state database that "
                        + "this program can use; name another file with --database")
            }
        }
    }
}
