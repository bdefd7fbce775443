import CasparianModel

extension Conclusion {
    /// Whether the receipt ends the job.
    ///
    /// Terminal states never change. A success counts whatever became of the lease meanwhile, since its output is
    /// promoted; a failure only counts for the attempt that is running.
    ///
    /// - Parameters:
    ///   - status: The job's state now.
    ///   - attempt: The attempt that runs or would run next, from 1.
    package func applies(to status: JobStatus, attempt: Int) -> Bool {
        if status.isTerminal { return false }
        if receipt.status == .success { return true }
        return status == .running && (receipt.attempt ?? attempt) == attempt
    }
}

extension JobReceipt {
    /// One line for `result_summary`.
    package var summary: String {
        func count(_ number: Int64, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
        var parts = [count(rows, "row"), count(sizeBytes, "byte"), count(Int64(artifacts.count), "artifact")]
        if quarantined > 0 { parts.append("\(quarantined) quarantined") }
        return parts.joined(separator: ", ")
    }

    /// How the job ends if the attempt is its last.
    package var ending: JobStatus {
        if status == .success { return .completed }
        return isOfChangedFile ? .skipped : .failed
    }

    /// The word for the attempt in the job's history.
    package var outcome: String { isOfChangedFile ? JobAttempt.skipped : status.rawValue }

    /// What the history tells of the attempt.
    package var event: JobEvent.Kind {
        if status == .success { return .succeeded }
        return isOfChangedFile ? .changed : .failed
    }

    /// The text for `error_message` of a failed job.
    package var failureText: String { errorMessage ?? "the worker gave no reason" }

    /// The metrics as a JSON object with sorted keys.
    package var metricsJSON: String {
        let pairs = metrics.sorted { $0.key < $1.key }.map { "\(JSONText.quoted($0.key)):\($0.value)" }
        return "{" + pairs.joined(separator: ",") + "}"
    }
}

/// A job that ended since its file had changed or was not there, and whose file is again, or still, what was queued.
package enum ReturnedContent {
    /// Whether a scan that finds the content of a job's version queues the job again.
    ///
    /// - Parameters:
    ///   - status: The job's.
    ///   - cause: Of its last attempt.
    ///   - isCancelled: A person called it off since.
    package static func isWanted(_ status: JobStatus?, cause: String?, isCancelled: Bool) -> Bool {
        switch status {
        case .skipped: cause == FailureCause.changed.rawValue && !isCancelled
        // It was renamed under the worker's hands, or had gone for a while.
        case .failed: cause == FailureCause.file.rawValue
        default: false
        }
    }

    /// Whether a scan has to look at the file of a job that ended, though nothing may have happened to it since the last: it
    /// may have been changed, and been seen, before the job ended.
    ///
    /// - Parameters:
    ///   - receipt: How it ended.
    ///   - isMoved: Whether a scan has found the file at another path since the job was handed out.
    package static func needsLook(_ receipt: JobReceipt, isMoved: Bool) -> Bool {
        receipt.status == .failed && (receipt.cause == .changed || (receipt.cause == .file && isMoved))
    }

    /// What the event says.
    package static let reason = "a scan found the content that was queued"
}

/// JSON strings (RFC 8259, section 7).
package enum JSONText {
    package static func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\u{0}"..."\u{1F}":
                let hex = String(scalar.value, radix: 16)
                out += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }
}
