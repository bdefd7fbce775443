import CasparianCatalog
import CasparianModel
import CasparianScheduling
import CasparianTransport
import CasparianWire
import Logging

/// What a sentinel writes into its log; lines that peers can cause have a budget.
struct SentinelLog {
    private let logger: Logger
    private var budgets: [String: LogBudget] = [:]

    init(logger: Logger) { self.logger = logger }

    /// Asks for a line of a kind; metadata for it, nil if it must not be written.
    private mutating func admit(_ kind: String) -> Logger.Metadata? {
        guard let suppressed = budgets[kind, default: LogBudget()].admit() else { return nil }
        return suppressed > 0 ? ["left_out": "\(suppressed)"] : [:]
    }

    mutating func write(_ note: SchedulerNote) {
        guard var metadata = admit(note.kind.rawValue) else { return }
        if let worker = note.worker { metadata["worker"] = "\(worker)" }
        if let job = note.job { metadata["job"] = "\(job)" }
        if !note.detail.isEmpty { metadata["detail"] = "\(note.detail)" }
        logger.log(level: note.isWarning ? .warning : .info, "\(note.kind.rawValue)", metadata: metadata)
    }

    mutating func malformed(_ error: WireError, from peer: PeerIdentity) {
        guard var metadata = admit("malformed") else { return }
        metadata["peer"] = "\(peer)"
        metadata["reason"] = "\(error)"
        logger.warning("message rejected", metadata: metadata)
    }

    mutating func concluded(_ conclusion: Conclusion) {
        guard conclusion.receipt.status == .failed else {
            logger.debug("job completed", metadata: ["job": "\(conclusion.jobID)"])
            return
        }
        guard !conclusion.receipt.isOfChangedFile else {
            logger.info(
                "file changed after its job was queued; nothing of it is kept",
                metadata: ["job": "\(conclusion.jobID)", "reason": "\(conclusion.receipt.errorMessage ?? "")"])
            return
        }
        guard var metadata = admit("failed") else { return }
        metadata["job"] = "\(conclusion.jobID)"
        metadata["reason"] = "\((conclusion.receipt.errorMessage ?? "").suffix(500))"
        logger.warning("job failed", metadata: metadata)
    }

    func registered(_ result: RegistrationResult) {
        guard !result.changedPlugins.isEmpty else { return }
        logger.info(
            "plugins registered", metadata: ["plugins": "\(result.changedPlugins.sorted().joined(separator: ", "))"])
    }

    mutating func registrationFailed(_ error: CatalogError) {
        guard var metadata = admit("registration") else { return }
        metadata["reason"] = "\(error)"
        logger.error("plugins could not be registered", metadata: metadata)
    }

    mutating func catalogFailed(_ error: any Error, isFinal: Bool) {
        guard var metadata = admit("catalog") else { return }
        metadata["reason"] = "\(error)"
        logger.error(isFinal ? "catalog could not be written" : "catalog refused; trying again", metadata: metadata)
    }
}
