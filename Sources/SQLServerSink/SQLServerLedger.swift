import CasparianModel
import CasparianSinks

/// The ledger table of a schema; see `LedgerEntry`.
struct SQLServerLedger {
    let connection: SQLServerConnection
    let place: SQLServerPlace

    private static let columns =
        "[target], [job_id], [file_version_id], [plugin], [topic], [file], [content_hash], [rows], [promoted_at], "
        + "[replaced_by]"

    var exists: Bool {
        get throws(SinkError) {
            try connection.query("SELECT OBJECT_ID(\(SQLServerName.literal(place.ledger)))").first?.first.flatMap(
                \.self)
                != nil
        }
    }

    /// Makes the table if it is not there; others may be making it, too.
    func make() throws(SinkError) {
        guard try !exists else { return }
        do {
            try connection.run(
                """
                CREATE TABLE \(place.ledger) (
                    [target] nvarchar(440) NOT NULL, [job_id] bigint NOT NULL, [file_version_id] bigint NOT NULL,
                    [plugin] nvarchar(max) NOT NULL, [topic] nvarchar(max) NOT NULL, [file] nvarchar(max) NOT NULL,
                    [content_hash] nvarchar(64) NULL, [rows] bigint NOT NULL, [promoted_at] datetime2(7) NOT NULL,
                    [replaced_by] bigint NULL, PRIMARY KEY ([target], [job_id]))
                """)
        } catch {
            guard try exists else { throw error }
        }
    }

    /// Entries of one table: of the request's job, and where the mode asks for them of its plugin, topic and file.
    ///
    /// The server's comparisons may take more for equal than we do; `SinkRequest.decide` looks again.
    func entries(_ request: SinkRequest, target: String) throws(SinkError) -> [LedgerEntry] {
        guard try exists else { return [] }
        var condition = "[job_id] = \(request.jobID)"
        if request.mode != .append {
            condition =
                "(\(condition) OR ([file] = \(SQLServerName.literal(request.filePath)) "
                + "AND [plugin] = \(SQLServerName.literal(request.pluginName)) "
                + "AND [topic] = \(SQLServerName.literal(request.topic))))"
        }
        return try connection.query(
            """
            SELECT [job_id], [file_version_id], [plugin], [topic], [file], [content_hash], [rows], [replaced_by]
            FROM \(place.ledger) WHERE [target] = \(SQLServerName.literal(target)) AND \(condition)
            """
        ).map { row in
            LedgerEntry(
                target: target,
                origin: RowOrigin(
                    jobID: JobID(row.number(0)), fileVersionID: FileVersionID(row.number(1)), plugin: row[2] ?? "",
                    topic: row[3] ?? "", file: row[4] ?? "", contentHash: row[5].flatMap { ContentHash(hex: $0) }),
                rows: row.number(6), promotedAt: .first,
                replacedBy: row[7].flatMap { Int64($0) }.map { JobID($0) })
        }
    }

    func insert(_ entry: LedgerEntry) throws(SinkError) {
        let origin = entry.origin
        try connection.run(
            """
            INSERT INTO \(place.ledger) (\(Self.columns)) VALUES (
                \(SQLServerName.literal(entry.target)), \(origin.jobID), \(origin.fileVersionID),
                \(SQLServerName.literal(origin.plugin)), \(SQLServerName.literal(origin.topic)),
                \(SQLServerName.literal(origin.file)), \(SQLServerName.literal(origin.contentHash?.hex)), \(entry.rows),
                CAST(\(SQLServerName.literal(entry.promotedAt.description)) AS datetime2(7)), NULL)
            """)
    }

    func mark(_ jobs: [JobID], of target: String, replacedBy job: JobID) throws(SinkError) {
        guard !jobs.isEmpty else { return }
        try connection.run(
            """
            UPDATE \(place.ledger) SET [replaced_by] = \(job)
            WHERE [target] = \(SQLServerName.literal(target)) AND [job_id] IN (\(jobs.list))
            """)
    }

    func highestJobID(target: String) throws(SinkError) -> Int64 {
        guard try exists else { return 0 }
        return try connection.number(
            "SELECT MAX([job_id]) FROM \(place.ledger) WHERE [target] = \(SQLServerName.literal(target))")
    }
}

extension [JobID] {
    var list: String { map { "\($0)" }.joined(separator: ", ") }
}

extension [String?] {
    fileprivate func number(_ index: Int) -> Int64 { self[index].flatMap { Int64($0) } ?? 0 }
}
