import CasparianModel

/// What is known of a job beyond the words of its status.
public struct JobCourse: Hashable, Sendable {
    /// Attempts that failed or were lost for reasons that may pass, since it was queued or retried by hand.
    public var strikes = 0
    /// A QUEUED job that nobody gets before.
    public var notBefore: Timestamp?
    /// It failed after every attempt it had.
    public var isDead = false
    /// Who asked for its end, and when; of a COMPLETED job: too late.
    public var cancelledBy: String?
    public var cancelRequested: Timestamp?
    public init() {}
}

/// What came of a wish to cancel a job.
public enum CancelOutcome: Hashable, Sendable {
    /// It waited, and is SKIPPED now.
    case cancelled
    /// It runs; its worker is told to stop it.
    case requested
    /// It had ended: nothing changed.
    case ended(JobStatus)
    case unknown
}

extension JobCourse {
    /// The error message of a job that ended because somebody asked for it.
    package static func cancellation(by person: String) -> String { "cancelled by \(person)" }
}
