import CasparianModel
import CasparianSinks

/// The ledger table of a database; see `LedgerEntry`.
///
/// Besides its columns it keeps between which row ids a job's rows lie, so that `mode=replace` need not read the whole
/// table. `VACUUM` may move them: then the table is read.
struct SQLiteLedger {
    let connection: SQLiteConnection

    struct Entry {
        var entry: LedgerEntry
        var firstRow: Int64?
        var lastRow: Int64?
    }

    private static let name = SQLiteName.quoted(LedgerEntry.table)
    private static let columns =
        "target, job_id, file_version_id, plugin, topic, file, content_hash, rows, promoted_at, replaced_by, first_row, last_row"

    var exists: Bool {
        get throws(SinkError) { try SQLiteTable.read(LedgerEntry.table, on: connection) != nil }
    }

    func make() throws(SinkError) {
        try connection.execute(
            """
            CREATE TABLE IF NOT EXISTS \(Self.name) (
                target TEXT NOT NULL, job_id INTEGER NOT NULL, file_version_id INTEGER NOT NULL, plugin TEXT NOT NULL,
                topic TEXT NOT NULL, file TEXT NOT NULL, content_hash TEXT, rows INTEGER NOT NULL,
                promoted_at TEXT NOT NULL, replaced_by INTEGER, first_row INTEGER, last_row INTEGER,
                PRIMARY KEY (target, job_id)) WITHOUT ROWID
            """)
        try connection.execute(
            "CREATE INDEX IF NOT EXISTS \(SQLiteName.quoted(LedgerEntry.table + "_file")) ON \(Self.name) (target, file)"
        )
    }

    /// Entries of one table: of the request's job, and of its plugin, topic and file.
    func entries(_ request: SinkRequest, target: String) throws(SinkError) -> [Entry] {
        guard try exists else { return [] }
        var condition = "target = ?1 AND job_id = ?2"
        var values: [SQLiteValue] = [.text(target), .int64(request.jobID.rawValue)]
        if request.mode != .append {
            condition = "target = ?1 AND (job_id = ?2 OR (file = ?3 AND plugin = ?4 AND topic = ?5))"
            values += [.text(request.filePath), .text(request.pluginName), .text(request.topic)]
        }
        return try connection.query("SELECT \(Self.columns) FROM \(Self.name) WHERE \(condition)", values, Self.read)
    }

    func insert(_ entry: Entry) throws(SinkError) {
        let (ledger, origin) = (entry.entry, entry.entry.origin)
        try connection.run(
            "INSERT INTO \(Self.name) (\(Self.columns)) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
            [
                .text(ledger.target), .int64(origin.jobID.rawValue), .int64(origin.fileVersionID.rawValue),
                .text(origin.plugin), .text(origin.topic), .text(origin.file),
                SQLiteValue(origin.contentHash?.description), .int64(ledger.rows), .text(ledger.promotedAt.description),
                SQLiteValue(ledger.replacedBy?.rawValue), SQLiteValue(entry.firstRow), SQLiteValue(entry.lastRow),
            ])
    }

    func mark(_ job: JobID, of target: String, replacedBy newer: JobID) throws(SinkError) {
        try connection.run(
            "UPDATE \(Self.name) SET replaced_by = ? WHERE target = ? AND job_id = ?",
            [.int64(newer.rawValue), .text(target), .int64(job.rawValue)])
    }

    /// The highest job id with an entry for a table.
    func highestJobID(target: String) throws(SinkError) -> Int64 {
        guard try exists else { return 0 }
        return try connection.count(
            "SELECT coalesce(max(job_id), 0) FROM \(Self.name) WHERE target = ?", [.text(target)])
    }

    private static func read(_ row: SQLiteStatement) throws(SinkError) -> Entry {
        let origin = RowOrigin(
            jobID: JobID(row.int64(1)), fileVersionID: FileVersionID(row.int64(2)), plugin: row.text(3),
            topic: row.text(4), file: row.text(5), contentHash: row.optionalText(6).flatMap { ContentHash(hex: $0) })
        return Entry(
            entry: LedgerEntry(
                target: row.text(0), origin: origin, rows: row.int64(7),
                promotedAt: Timestamp(row.text(8)) ?? Timestamp(microsecondsSinceEpoch: 0),
                replacedBy: row.optionalInt64(9).map { JobID($0) }),
            firstRow: row.optionalInt64(10), lastRow: row.optionalInt64(11))
    }
}
