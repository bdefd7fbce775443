import CasparianCatalog
import CasparianModel
import GRDB

/// Collects what happens to jobs in one transaction and writes it into `cf_job_event`, many rows with one statement.
///
/// `flush` has to be called before the transaction ends.
final class EventLog {
    /// Rows of the large statement.
    private static let chunk = 32
    private static let columns = 6
    private static let insertMany = insert(rows: chunk)
    private static let insertOne = insert(rows: 1)

    private let db: Database
    let now: String
    private let eventsMax: Int
    private var values: [Database.Value] = []

    init(db: Database, now: String, eventsMax: Int) {
        self.db = db
        self.now = now
        self.eventsMax = eventsMax
    }

    func add(
        _ kind: JobEvent.Kind, job: Int64, attempt: Int64? = nil, worker: String? = nil, detail: String? = nil
    ) {
        values.append(job)
        values.append(now)
        values.append(kind.rawValue)
        values.append(attempt)
        values.append(worker)
        values.append(EventLogLimits.detail(detail))
    }

    /// Writes what was collected, and lets as many old events go as the log is too long, a few for each new one.
    func flush() throws {
        guard !values.isEmpty else { return }
        let count = values.count / Self.columns
        var start = 0
        while start < values.count {
            let isMany = values.count - start >= Self.chunk * Self.columns
            let end = start + (isMany ? Self.chunk : 1) * Self.columns
            try db.run(isMany ? Self.insertMany : Self.insertOne, Array(values[start..<end]))
            start = end
        }
        values.removeAll(keepingCapacity: true)
        try prune(last: db.lastInsertedRowID, written: count)
    }

    private func prune(last: Int64, written: Int) throws {
        let end = last - Int64(eventsMax)
        guard end > 0, let first = try db.integer("SELECT min(id) FROM cf_job_event"), first <= end else { return }
        let step = Int64(written * EventLogLimits.prunedForEach)
        try db.run("DELETE FROM cf_job_event WHERE id < ?", [min(end, first + step - 1) + 1])
    }

    private static func insert(rows: Int) -> String {
        "INSERT INTO cf_job_event (job_id, at, kind, attempt, worker, detail) VALUES "
            + Array(repeating: "(?, ?, ?, ?, ?, ?)", count: rows).joined(separator: ", ")
    }
}

/// Reads `cf_job_event`.
enum SQLEvents {
    static let columns = "id, job_id, at, kind, attempt, worker, detail"

    /// For a query on `cf_processing_queue q`: since when the job waits.
    static let waiting = """
        (SELECT CASE WHEN e.kind IN ('queued', 'requeued', 'due', 'retried') THEN e.at END FROM cf_job_event e
        WHERE e.job_id = q.id ORDER BY e.id DESC LIMIT 1)
        """

    static func list(_ db: Database, _ filter: JobEventFilter) throws -> [JobEvent] {
        let job = filter.job?.rawValue
        if let after = filter.after {
            return try db.all(
                """
                SELECT \(columns) FROM cf_job_event WHERE id > ?1 AND (?2 IS NULL OR job_id = ?2) ORDER BY id LIMIT ?3
                """, [after, job, filter.limit], event)
        }
        let ofJob = job == nil ? "" : "WHERE job_id = ?2"
        return try db.all(
            "SELECT \(columns) FROM cf_job_event \(ofJob) ORDER BY id DESC LIMIT ?1",
            job.map { [filter.limit, $0] } ?? [filter.limit], event
        ).reversed()
    }

    private static func event(_ row: Row) -> JobEvent {
        JobEvent(
            id: row.integer(0) ?? 0, jobID: row.id(1), at: row.time(2) ?? .unknown,
            kind: JobEvent.Kind(rawValue: row.text(3) ?? ""), attempt: row.integer(4).map(Int.init),
            worker: row.text(5), detail: row.text(6))
    }
}
