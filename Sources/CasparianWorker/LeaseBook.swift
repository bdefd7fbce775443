import CasparianModel

/// What a worker knows of its jobs' leases, and so which of them it may promote. Pure.
///
/// A lease is live for its length from the moment at which the worker sent a heartbeat that its sentinel then answered:
/// the sentinel heard it later than that, so its own clock ends the lease later. Nothing is concluded from when a
/// message arrives: it may have lain in the socket while this process was stopped.
struct LeaseBook {
    private struct Lease {
        /// Nil for a sentinel that gives none.
        var length: Duration?
        /// When the last heartbeat was sent that showed the job to be this worker's.
        var shownAt: Duration?
    }

    private struct Sent {
        var sequence: Int64
        var at: Duration
        var jobs: [JobID]
    }

    private var leases: [JobID: Lease] = [:]
    private var sent: [Sent] = []
    private var lastSequence: Int64 = 0
    /// When the last heartbeat was sent that was answered.
    private var answeredAt: Duration?
    /// When the worker first said who it is; nobody could send it a job before.
    private var introducedAt: Duration?
    private var connectedAt: Duration?
    /// The sentinel of this connection answers heartbeats.
    private(set) var isAnswered = false
    /// A sentinel did, on this connection or on an earlier one.
    private(set) var hasBeenAnswered = false

    /// Heartbeats that may be answered yet; of more the oldest are forgotten.
    static let unansweredMax = 64
    /// Part of a lease that is not used: for clocks that run apart, and for the promotion itself.
    static let marginDivisor = 5
    /// A heartbeat that was sent for a job so short a time ago is waited for before the next one.
    static let answerWait = Duration.milliseconds(500)

    mutating func introduce(at now: Duration) { introducedAt = introducedAt ?? now }

    /// A DISPATCH arrived. It was sent after the last answer, in order, so not before that heartbeat.
    mutating func hold(_ job: JobID, seconds: Int?) {
        leases[job] = Lease(length: seconds.map { .seconds($0) }, shownAt: answeredAt ?? introducedAt)
    }

    mutating func drop(_ job: JobID) { leases[job] = nil }

    /// Another connection, perhaps to another sentinel: whether that one answers is to be seen.
    mutating func connect(at now: Duration) {
        connectedAt = now
        isAnswered = false
    }

    /// A heartbeat that names these jobs is about to be sent; returns its number.
    mutating func number(_ jobs: [JobID], at now: Duration) -> Int64 {
        lastSequence += 1
        if sent.count >= Self.unansweredMax { sent.removeFirst() }
        sent.append(Sent(sequence: lastSequence, at: now, jobs: jobs))
        return lastSequence
    }

    /// The sentinel has shown that it answers.
    mutating func noteAnswer() {
        isAnswered = true
        hasBeenAnswered = true
    }

    /// ERR `lease`: all jobs that the heartbeat named are this worker's.
    mutating func hear(_ sequence: Int64?) {
        guard let index = sent.firstIndex(where: { $0.sequence == sequence }) else { return }
        noteAnswer()
        let heard = sent[index]
        sent.removeFirst(index + 1)
        answeredAt = heard.at
        for job in heard.jobs { leases[job]?.shownAt = heard.at }
    }

    /// Whether the job may be promoted now.
    func isLive(_ job: JobID, at now: Duration) -> Bool {
        guard let lease = leases[job], let length = lease.length, fences(length, at: now) else { return true }
        guard let shown = lease.shownAt else { return false }
        return now < shown + length - length / Self.marginDivisor
    }

    /// Whether leases count: with a sentinel that answers. Each connection gets one lease's time to show that it leads to
    /// one, the first one too: a sentinel that was killed before its first answer is no plain one. One that is, or that
    /// was replaced by a plain one, never will.
    private func fences(_ length: Duration, at now: Duration) -> Bool {
        guard !isAnswered, let since = connectedAt ?? introducedAt else { return isAnswered }
        return now < since + length
    }

    /// Whether an answer that names the job can be on its way.
    func isAsked(_ job: JobID, at now: Duration) -> Bool {
        guard let last = sent.last else { return false }
        return now < last.at + Self.answerWait && last.jobs.contains(job)
    }
}
