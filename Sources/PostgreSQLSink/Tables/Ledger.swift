import CasparianModel
import CasparianSinks

/// The ledger table of a target's schema.
struct Ledger {
    let connection: Connection
    let target: TableName

    private var name: TableName { TableName(schema: target.schema, table: Identifier(LedgerEntry.table)) }

    var exists: Bool { get throws(ServerError) { try connection.relation(name) != nil } }

    /// Makes it if it is missing; in a transaction.
    func make() throws(ServerError) {
        if try exists { return }
        try connection.lockForTransaction(.ledger(target.schema))
        try connection.run(
            """
            CREATE TABLE IF NOT EXISTS \(name.quoted) (
                target text NOT NULL, job_id bigint NOT NULL, file_version_id bigint NOT NULL, plugin text NOT NULL,
                topic text NOT NULL, file text NOT NULL, content_hash text, rows bigint NOT NULL,
                promoted_at timestamptz NOT NULL, replaced_by bigint,
                PRIMARY KEY (target, job_id));
            CREATE INDEX IF NOT EXISTS "_casparian_ledger_file"
                ON \(name.quoted) (target, pg_catalog.hashtextextended(file, 0))
            """)
    }

    /// The entries that decide about a job: its own, and those of its file where the mode goes by them.
    func entries(for request: SinkRequest) throws(ServerError) -> [LedgerEntry] {
        guard try exists else { return [] }
        let columns =
            "job_id, file_version_id, plugin, topic, file, content_hash, rows, "
            + "(extract(epoch FROM promoted_at) * 1000000)::bigint, replaced_by"
        var sql = "SELECT \(columns) FROM \(name.quoted) WHERE target = $1 AND job_id = $2"
        var values = [target.description, request.jobID.description]
        if request.mode != .append {
            sql += """
                 UNION SELECT \(columns) FROM \(name.quoted) WHERE target = $1
                    AND pg_catalog.hashtextextended(file, 0) = pg_catalog.hashtextextended($3, 0) AND file = $3
                    AND plugin = $4 AND topic = $5
                """
            values += [request.filePath, request.pluginName, request.topic]
        }
        let answer = try connection.query(sql, values)
        return (0..<answer.rowCount).map { entry(answer, $0, RowOrigin(request)) }
    }

    /// Whether the job's rows are there, or were until another's took their place.
    func isPromoted(_ request: SinkRequest) throws -> Bool {
        try entries(for: request).contains { $0.origin.isSameJob(as: RowOrigin(request)) }
    }

    private func entry(_ answer: Answer, _ row: Int, _ start: RowOrigin) -> LedgerEntry {
        var origin = start
        origin.jobID = JobID(answer.int64(row, 0) ?? 0)
        origin.fileVersionID = FileVersionID(answer.int64(row, 1) ?? 0)
        origin.plugin = answer.text(row, 2) ?? ""
        origin.topic = answer.text(row, 3) ?? ""
        origin.file = answer.text(row, 4) ?? ""
        origin.contentHash = answer.text(row, 5).flatMap { ContentHash(hex: $0) }
        return LedgerEntry(
            target: target.description, origin: origin, rows: answer.int64(row, 6) ?? 0,
            promotedAt: Timestamp(microsecondsSinceEpoch: answer.int64(row, 7) ?? 0),
            replacedBy: answer.int64(row, 8).map { JobID($0) })
    }

    func insert(_ origin: RowOrigin, rows: Int64) throws(ServerError) {
        try connection.query(
            "INSERT INTO \(name.quoted) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, clock_timestamp(), NULL)",
            [
                target.description, origin.jobID.description, origin.fileVersionID.description, origin.plugin,
                origin.topic, origin.file, origin.contentHash?.hex, String(rows),
            ])
    }

    /// Says of jobs whose rows are gone which job's took their place.
    func markReplaced(_ jobs: [JobID], by job: JobID) throws(ServerError) {
        try connection.query(
            "UPDATE \(name.quoted) SET replaced_by = $1 WHERE target = $2 AND job_id = ANY ($3::bigint[])",
            [job.description, target.description, jobs.array])
    }

    /// The highest job id of the target; 0 if there is none.
    func highestJobID() throws(ServerError) -> Int64 {
        guard try exists else { return 0 }
        return try connection.query(
            "SELECT max(job_id) FROM \(name.quoted) WHERE target = $1", [target.description]
        ).int64(0, 0) ?? 0
    }
}

extension [JobID] {
    /// As an array in PostgreSQL's text form.
    var array: String { "{" + map(\.description).joined(separator: ",") + "}" }
}
