import CasparianModel
import CasparianSinks
import Columnar
import Foundation
import StagingFiles

/// The step from a job's staging file into its table: one transaction with the ledger's entry.
struct SQLitePromotion {
    let request: SinkRequest
    let place: SQLitePlace
    let options: SQLiteOptions
    let now: @Sendable () -> Timestamp

    private static let attached = "casparian_staging"

    /// The target's table as it is, nil if there is none.
    func target() throws(SinkError) -> SQLiteTable? {
        guard let connection = try open(creates: false) else { return nil }
        return try SQLiteTable.read(place.table, on: connection)
    }

    /// Throws what `run` would throw about the target now.
    func check(_ staged: StagingDatabase?) throws(SinkError) {
        guard let connection = try open(creates: false) else {
            if staged != nil { try checkFolder() }
            return
        }
        let table = try SQLiteTable.read(place.table, on: connection)
        if table == nil, staged != nil { try checkCreates("the table '\(place.table)'") }
        let entries = try SQLiteLedger(connection: connection).entries(request, target: table?.name ?? place.table)
        _ = try request.decide(by: entries.map(\.entry))
        if let staged { _ = try change(table, staged) }
        if connection.isReadOnly {
            throw SinkError(
                code: .io, target: place.artifactURI, message: "is read-only; check the permissions of file and folder")
        }
    }

    /// Promotes, and removes what the mode says; nil if nothing was staged, now or by an earlier attempt.
    func run(_ staged: StagingDatabase?) throws(SinkError) -> Artifact? {
        guard let connection = try open(creates: staged != nil && options.creates) else { return nil }
        if let staged {
            try connection.run("ATTACH ? AS \(Self.attached)", [.text(staged.path)])
        }
        let rows = try connection.transaction { () throws(SinkError) -> Int64? in
            SQLiteStep.promoting.reached()
            let rows = try promote(staged, on: connection)
            SQLiteStep.entered.reached()
            return rows
        }
        SQLiteStep.committed.reached()
        return rows.flatMap { $0 == 0 ? nil : $0 }.map {
            Artifact(topic: request.topic, uri: place.artifactURI, rows: $0)
        }
    }

    private func promote(
        _ staged: StagingDatabase?, on connection: SQLiteConnection
    ) throws(SinkError) -> Int64? {
        let ledger = SQLiteLedger(connection: connection)
        let table = try SQLiteTable.read(place.table, on: connection)
        let target = table?.name ?? place.table
        let entries = try ledger.entries(request, target: target)
        guard case .promote(let replaced) = try request.decide(by: entries.map(\.entry)) else {
            return entries.first { $0.entry.origin.jobID == request.jobID }?.entry.rows
        }
        if let table {
            for entry in entries where replaced.contains(entry.entry.origin.jobID) { try delete(entry, table, ledger) }
        }
        // Without rows too: the older version, tried again, must not come back.
        guard staged != nil || !replaced.isEmpty else { return nil }
        try ledger.make()
        var range: (first: Int64?, last: Int64?) = (nil, nil)
        if let staged { range = try insert(staged, into: table, on: connection) }
        SQLiteStep.inserted.reached()
        let rows = staged?.rows ?? 0
        try ledger.insert(
            SQLiteLedger.Entry(
                entry: LedgerEntry(target: target, origin: RowOrigin(request), rows: rows, promotedAt: now()),
                firstRow: range.first, lastRow: range.last))
        return rows
    }

    /// Copies the rows; returns between which row ids they lie.
    private func insert(
        _ staged: StagingDatabase, into table: SQLiteTable?, on connection: SQLiteConnection
    ) throws(SinkError) -> (first: Int64?, last: Int64?) {
        let name = "main." + SQLiteName.quoted(table?.name ?? place.table)
        let final: SQLiteTable
        if let table {
            let change = try change(table, staged)
            try TableRewrite(connection: connection, schema: "main").apply(change, to: table)
            final = try SQLiteTable.read(table.name, on: connection) ?? table
        } else {
            try checkCreates("the table '\(place.table)'")
            final = SQLiteTable(name: place.table, columns: staged.layout.columns)
            try connection.execute(final.creation(as: place.table))
        }
        let source = "\(Self.attached).\(SQLiteName.quoted(staged.table))"
        // Of a table without row ids these are no ranges, and nobody needs them.
        let before = try? connection.count("SELECT coalesce(max(rowid), 0) FROM \(name)")
        let inserted: Int64
        if final.columns.map(\.key) == staged.layout.columns.map(\.key), !final.hasHiddenColumns {
            // Where the declarations are the same too, SQLite copies records without looking into them.
            inserted = try connection.run("INSERT INTO \(name) SELECT * FROM \(source)")
        } else {
            let columns = staged.layout.columns.map { SQLiteName.quoted($0.name) }.joined(separator: ", ")
            inserted = try connection.run("INSERT INTO \(name) (\(columns)) SELECT \(columns) FROM \(source)")
        }
        guard inserted == staged.rows else {
            throw SinkError(
                code: .rejected, target: place.artifactURI,
                message: "took \(inserted) of \(staged.rows) rows; nothing was promoted. A trigger may drop rows")
        }
        guard let before, let last = try? connection.count("SELECT max(rowid) FROM \(name)"), last - before >= inserted
        else { return (nil, nil) }
        return (before + 1, last)
    }

    /// Deletes the rows of a job that this one replaces.
    private func delete(_ entry: SQLiteLedger.Entry, _ table: SQLiteTable, _ ledger: SQLiteLedger) throws(SinkError) {
        let name = "main." + SQLiteName.quoted(table.name)
        let job = entry.entry.origin.jobID
        var deleted: Int64 = 0
        if let first = entry.firstRow, let last = entry.lastRow {
            deleted = try ledger.connection.run(
                "DELETE FROM \(name) WHERE rowid BETWEEN ? AND ? AND _job_id = ?",
                [.int64(first), .int64(last), .int64(job.rawValue)])
        }
        if deleted != entry.entry.rows {
            try ledger.connection.run("DELETE FROM \(name) WHERE _job_id = ?", [.int64(job.rawValue)])
        }
        try ledger.mark(job, of: entry.entry.target, replacedBy: request.jobID)
    }

    private func change(_ table: SQLiteTable?, _ staged: StagingDatabase) throws(SinkError) -> TableChange {
        try TableChange(
            present: table, name: place.table,
            fields: staged.layout.columns.map { SQLiteField(column: $0, type: $0.declared) },
            context: "topic '\(request.topic)' of \(request.filePath)", target: place.artifactURI)
    }

    /// Nil if there is no such file and it is not to be made.
    func open(creates: Bool) throws(SinkError) -> SQLiteConnection? {
        guard FileManager.default.fileExists(atPath: place.database) else {
            guard creates else { return nil }
            try Folder.make((place.database as NSString).deletingLastPathComponent)
            return try SQLiteConnection(path: place.database, creates: true, target: place.artifactURI)
        }
        return try SQLiteConnection(path: place.database, creates: false, target: place.artifactURI)
    }

    private func checkFolder() throws(SinkError) {
        try checkCreates("the file")
        var folder = (place.database as NSString).deletingLastPathComponent
        while access(folder, F_OK) != 0, folder != "/", !folder.isEmpty {
            folder = (folder as NSString).deletingLastPathComponent
        }
        guard access(folder, W_OK | X_OK) == 0 else {
            throw SinkError(
                code: .io, target: place.artifactURI,
                message: "cannot be made: \(folder) is not writable (\(String(cString: strerror(errno))))")
        }
    }

    private func checkCreates(_ what: String) throws(SinkError) {
        guard !options.creates else { return }
        throw SinkError(
            code: .rejected, target: place.artifactURI,
            message: "\(what) is not there and create=no forbids to make it; make it, or drop the option")
    }
}
