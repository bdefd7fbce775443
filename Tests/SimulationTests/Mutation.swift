/// Bugs that a simulation can have planted, each at a seam that it owns (what it passes on between the real parts), so
/// that the production code knows of none of them. Each has to break an invariant within 1,000 seeds.
enum Mutation: String, CaseIterable, Sendable {
    /// The scheduler lets go of a lost worker's job, and the catalog never hears of it.
    case lostJobIsNotRequeued
    /// A sentinel that begins does not look for the jobs that the former one left RUNNING.
    case startForgetsRunningJobs
    /// A worker promotes what its plugin made without asking whether it still has the lease.
    case promotesWithoutLease
    /// A job that was told to stop goes on and promotes.
    case stoppedJobPromotes
    /// A failure counts whichever attempt it is about.
    case formerReceiptCounts
    /// A job that was cancelled goes back to the queue.
    case cancelledJobIsRequeued
    /// DISPATCH leaves before the transaction that claims the job.
    case dispatchBeforeCommit
    /// Nobody counts how many jobs of a plugin run.
    case concurrencyIsIgnored
    /// Jobs of a plugin that is paused begin all the same.
    case pauseIsIgnored
    /// A worker is not told how long a job may take.
    case deadlineIsIgnored
    /// A worker is taken to have more room than it has.
    case slotsAreIgnored
    /// A job's former losses and failures are forgotten when it is claimed again.
    case strikesAreForgotten
    /// A success is reported before the promotion, which then fails.
    case receiptBeforePromotion
}
