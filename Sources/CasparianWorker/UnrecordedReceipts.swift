import CasparianModel

/// Receipts that the sentinel has not yet said to have recorded. Pure.
struct UnrecordedReceipts {
    private struct Entry {
        var receipt: JobReceipt
        /// Nil if it was not sent on this connection.
        var sentAt: Duration?
    }

    private var entries: [JobID: Entry] = [:]

    /// Beyond so many none is kept: what the sentinel does not know then, it finds out by the jobs' next attempts.
    static let countMax = 10_000
    /// From one sending to the next.
    static let resendInterval = Duration.seconds(10)
    /// Sent again at one time.
    static let batchMax = 1_000

    /// - Parameter found: What processes that died have left.
    init(_ found: [JobID: JobReceipt] = [:]) {
        for (job, receipt) in found.sorted(by: { $0.key < $1.key }).prefix(Self.countMax) {
            entries[job] = Entry(receipt: receipt)
        }
    }

    var count: Int { entries.count }

    /// It is about to be sent for the first time; false if there are too many.
    mutating func keep(_ job: JobID, _ receipt: JobReceipt, at now: Duration) -> Bool {
        guard entries.count < Self.countMax || entries[job] != nil else { return false }
        entries[job] = Entry(receipt: receipt, sentAt: now)
        return true
    }

    /// Returns those that were kept.
    mutating func forget(_ jobs: [JobID]) -> [JobID] { jobs.filter { entries.removeValue(forKey: $0) != nil } }

    /// What was on its way over the last connection may be lost.
    mutating func connect() {
        for job in entries.keys { entries[job]?.sentAt = nil }
    }

    /// Those to be sent again now.
    mutating func due(at now: Duration) -> [(job: JobID, receipt: JobReceipt)] {
        let jobs = entries.filter { $0.value.sentAt.map { now - $0 >= Self.resendInterval } ?? true }.keys
        return jobs.sorted().prefix(Self.batchMax).compactMap { job in
            entries[job]?.sentAt = now
            return entries[job].map { (job, $0.receipt) }
        }
    }
}
