import CasparianCatalog
import CasparianModel

/// The answer of `casparian why`: text for people, JSON for programs.
struct WhyReport {
    let facts: WhyFacts
    /// What to do, in words.
    let steps: [String]

    init(_ facts: WhyFacts) {
        self.facts = facts
        steps = WhyAdvice(facts: facts).steps
    }

    var lines: [String] {
        var out: [String] = []
        if !facts.path.isEmpty {
            out.append(facts.path)
            out.append("  on disk   \(onDisk)")
            for one in facts.made {
                out.append("  made      by job \(one.jobID), plugin '\(one.pluginName)', topic '\(one.artifact.topic)'")
            }
            for place in facts.places { out += lines(of: place) }
            if facts.places.isEmpty {
                out.append("  root      none\(facts.inactiveRoot.map { "; \($0) was removed" } ?? "")")
            }
        }
        for job in facts.jobs { out += lines(of: job) }
        if facts.jobs.isEmpty { out.append("no job") }
        out += steps.isEmpty ? ["next: nothing to do"] : steps.map { "next: \($0)" }
        return out
    }

    // MARK: The file

    private var onDisk: String {
        switch facts.disk {
        case .file(let sizeBytes, let modified):
            "file, \(sizeBytes) bytes, written \(modified)\(facts.isSettled ? "" : ", not settled yet")"
        case .folder: "folder"
        case .link(let target, let destination):
            "link to \(target), \(destination == .nothing ? "where nothing is" : "a \(destination)")"
        case .special: "no regular file"
        case .missing: "nothing"
        case .unreadable(let reason): "cannot be read: \(reason)"
        }
    }

    private func lines(of place: WhyFacts.Place) -> [String] {
        var out = ["  root      \(place.root.path)"]
        for alarm in place.alarms {
            out.append("  alarm     \(alarm.folder.isEmpty ? "the root" : alarm.folder): \(alarm.message)")
        }
        if let hit = place.ignored {
            out.append(
                "  ignored   by '\(hit.pattern)' (\(Self.text(hit.origin)))\(hit.path == place.relativePath ? "" : ", which hits \(hit.path)")"
            )
        }
        if place.file != nil {
            let history = place.history
            out.append(
                "  seen      first \(history.discovered?.description ?? "-"), last \(history.lastSeen?.description ?? "-")"
                    + (facts.isChanged(place) ? ", changed since" : ""))
            if let since = place.file?.goneSince { out.append("  gone      since \(since)") }
            for move in place.moves { out.append("  moved     from \(move.from) to \(move.to), found \(move.at)") }
            for version in history.versions {
                let isCurrent = version.id == place.file?.version?.id
                out.append(
                    "  version   \(version.id)\(isCurrent ? "" : " (old)"), \(version.sizeBytes) bytes, sha256 "
                        + "\(version.contentHash), found \(version.detected)"
                        + (version.tags.isEmpty ? "" : ", tags \(version.tags.joined(separator: ","))"))
            }
        } else {
            out.append("  seen      by no scan")
        }
        for match in place.rules {
            let plugins = match.plugins.isEmpty ? "nobody" : match.plugins.joined(separator: ", ")
            out.append(
                "  rule      '\(match.rule.pattern)' gives \(match.rule.tag) (priority \(match.rule.priority)), "
                    + "wanted by \(plugins)")
        }
        if place.rules.isEmpty { out.append("  rule      none matches") }
        return out
    }

    static func text(_ origin: WhyFacts.IgnoreHit.Origin) -> String {
        switch origin {
        case .rule(let id): "ignore rule \(id)"
        case .settings: "the settings"
        case .builtIn: "built in"
        }
    }

    // MARK: Jobs

    private func lines(of job: WhyFacts.JobFacts) -> [String] {
        let listing = job.listing
        var out = [
            "job \(listing.job.id): \(listing.job.status.rawValue), plugin '\(listing.job.pluginName)', priority "
                + "\(listing.job.priority), version \(listing.job.fileVersionID)"
                + (job.isOutdated ? " (the file has newer content)" : "")
        ]
        if facts.path.isEmpty { out.append("  file      the catalog has none for this version") }
        if let queued = job.events.first, queued.kind == .queued { out.append("  queued    \(queued.at)") }
        for attempt in job.attempts { out += lines(of: attempt) }
        if listing.job.status == .running {
            out.append(
                "  attempt   \(listing.job.retryCount + 1): running since \(listing.job.claimTime?.description ?? "-") at "
                    + "\(EventLogLimits.worker(host: listing.job.workerHost, pid: listing.job.workerPID) ?? "an unknown worker")"
            )
        }
        // A job that another program ran has no attempt of ours to tell its error.
        if job.attempts.last?.errorMessage == nil, let text = listing.job.errorMessage {
            out.append("  error")
            out += Self.indented(text)
        }
        if let rows = listing.rows {
            out.append("  rows      \(rows)\(listing.quarantined.map { ", \($0) quarantined" } ?? "")")
        }
        for artifact in job.artifacts {
            out.append(
                "  artifact  \(artifact.topic): \(artifact.uri)"
                    + (artifact.rows.map { ", \(Format.count(Int($0), "row"))" } ?? "")
                    + (artifact.sizeBytes.map { ", \($0) bytes" } ?? ""))
        }
        for event in job.events { out.append("  event     " + Self.line(event)) }
        return out
    }

    private func lines(of attempt: JobAttempt) -> [String] {
        let worker = EventLogLimits.worker(host: attempt.workerHost, pid: attempt.workerPID) ?? "an unknown worker"
        var parts = [
            "  attempt   \(attempt.attempt): \(attempt.outcome)", "at \(worker)",
            "\(attempt.claimed?.description ?? "-") to \(attempt.ended)",
        ]
        if let microseconds = attempt.metrics[JobReceipt.elapsedMetric] {
            parts.append("took \(Format.duration(.microseconds(microseconds)))")
        }
        if let cause = attempt.cause { parts.append("cause \(cause)") }
        if let signal = attempt.exitSignal { parts.append("killed by signal \(signal)") }
        if let hash = attempt.pluginHash { parts.append("plugin source \(hash.prefix(12))") }
        if let bytes = attempt.metrics[JobReceipt.peakBytesMetric] {
            parts.append("peak memory \(Format.bytes(bytes))")
        }
        return [parts.joined(separator: ", ")] + (attempt.errorMessage.map(Self.indented) ?? [])
    }

    private static func line(_ event: JobEvent) -> String {
        [event.at.description, event.kind.rawValue, event.worker, event.detail].compactMap { $0 }
            .joined(separator: "  ")
    }

    private static func indented(_ text: String) -> [String] {
        text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map { "            " + $0 }
    }
}
