import CasparianCatalog
import CasparianModel

extension WhyReport {
    /// The keys of `--json`.
    var pairs: [(String, JSONLine.Value)] {
        [
            ("path", .text(facts.path.isEmpty ? nil : facts.path)),
            ("on_disk", Self.value(facts.disk)),
            ("settled", .flag(facts.isSettled)),
            ("inactive_root", .text(facts.inactiveRoot)),
            (
                "made_by",
                .list(
                    facts.made.map { one in
                        .object([
                            ("job_id", .integer(one.jobID.rawValue)), ("plugin", .text(one.pluginName)),
                            ("topic", .text(one.artifact.topic)), ("rows", .integer(one.artifact.rows)),
                        ])
                    })
            ),
            ("places", .list(facts.places.map(value))),
            ("jobs", .list(facts.jobs.map(Self.value))),
            ("next", .list(steps.map { .text($0) })),
        ]
    }

    private static func value(_ disk: WhyFacts.OnDisk) -> JSONLine.Value {
        switch disk {
        case .file(let sizeBytes, let modified):
            .object([
                ("kind", .text("file")), ("size_bytes", .integer(sizeBytes)), ("modified", .text(modified.description)),
            ])
        case .folder: .object([("kind", .text("folder"))])
        case .link(let target, let destination):
            .object([
                ("kind", .text("link")), ("target", .text(target)),
                ("leads_to_folder", .flag(destination == .folder)), ("leads_to", .text(destination.rawValue)),
            ])
        case .special: .object([("kind", .text("special"))])
        case .missing: .object([("kind", .text("missing"))])
        case .unreadable(let reason): .object([("kind", .text("unreadable")), ("reason", .text(reason))])
        }
    }

    private func value(_ place: WhyFacts.Place) -> JSONLine.Value {
        let ignored: [(String, JSONLine.Value)]? = place.ignored.map { hit in
            var rule: Int64?
            if case .rule(let id) = hit.origin { rule = id.rawValue }
            return [
                ("pattern", .text(hit.pattern)), ("path", .text(hit.path)), ("origin", .text(Self.word(hit.origin))),
                ("rule_id", .integer(rule)),
            ]
        }
        let versions = place.history.versions.map { version in
            JSONLine.Value.object([
                ("file_version_id", .integer(version.id.rawValue)), ("content_hash", .text(version.contentHash)),
                ("size_bytes", .integer(version.sizeBytes)), ("modified", .text(version.modified.description)),
                ("detected", .text(version.detected.description)), ("tags", .list(version.tags.map { .text($0) })),
            ])
        }
        let rules = place.rules.map { match in
            JSONLine.Value.object([
                ("id", .integer(match.rule.id.rawValue)), ("pattern", .text(match.rule.pattern)),
                ("tag", .text(match.rule.tag)), ("priority", .integer(Int64(match.rule.priority))),
                ("plugins", .list(match.plugins.map { .text($0) })),
            ])
        }
        return .object([
            ("root", .text(place.root.path)), ("relative_path", .text(place.relativePath)),
            ("ignored_by", ignored.map { .object($0) } ?? .text(nil)), ("known", .flag(place.file != nil)),
            ("first_seen", .text(place.history.discovered?.description)),
            ("last_seen", .text(place.history.lastSeen?.description)), ("changed_since", .flag(facts.isChanged(place))),
            ("file_version_id", .integer(place.file?.version?.id.rawValue)), ("versions", .list(versions)),
            ("rules", .list(rules)), ("gone_since", .text(place.file?.goneSince?.description)),
            (
                "moves",
                .list(
                    place.moves.map { move in
                        .object([
                            ("from", .text(move.from)), ("to", .text(move.to)), ("at", .text(move.at.description)),
                        ])
                    })
            ),
            ("alarms", .list(place.alarms.map { .text($0.message) })),
        ])
    }

    private static func word(_ origin: WhyFacts.IgnoreHit.Origin) -> String {
        switch origin {
        case .rule: "rule"
        case .settings: "settings"
        case .builtIn: "built_in"
        }
    }

    private static func value(_ job: WhyFacts.JobFacts) -> JSONLine.Value {
        let listing = job.listing
        return .object([
            ("job_id", .integer(listing.job.id.rawValue)), ("status", .text(listing.job.status.rawValue)),
            ("plugin", .text(listing.job.pluginName)), ("priority", .integer(Int64(listing.job.priority))),
            ("file_version_id", .integer(listing.job.fileVersionID.rawValue)), ("outdated", .flag(job.isOutdated)),
            ("rows", .integer(listing.rows)), ("size_bytes", .integer(listing.sizeBytes)),
            ("quarantined", .integer(listing.quarantined)), ("error", .text(listing.job.errorMessage)),
            ("worker_host", .text(listing.job.workerHost)), ("worker_pid", .integer(listing.job.workerPID)),
            ("ahead", .integer(job.ahead.map(Int64.init))),
            ("not_before", .text(listing.course.notBefore?.description)),
            ("paused_until", .text(job.pause?.until.description)),
            ("dead", .flag(listing.course.isDead)), ("cancelled_by", .text(listing.course.cancelledBy)),
            ("attempts", .list(job.attempts.map(value))),
            ("artifacts", .list(job.artifacts.map { JSONLine.Value.artifact($0) })),
            ("events", .list(job.events.map(EventsCommand.value))),
        ])
    }

    private static func value(_ attempt: JobAttempt) -> JSONLine.Value {
        .object([
            ("attempt", .integer(Int64(attempt.attempt))), ("outcome", .text(attempt.outcome)),
            ("worker_host", .text(attempt.workerHost)), ("worker_pid", .integer(attempt.workerPID)),
            ("claimed_at", .text(attempt.claimed?.description)), ("ended_at", .text(attempt.ended.description)),
            ("elapsed_us", .integer(attempt.metrics[JobReceipt.elapsedMetric])), ("cause", .text(attempt.cause)),
            ("exit_signal", .integer(attempt.exitSignal)), ("plugin_hash", .text(attempt.pluginHash)),
            ("peak_bytes", .integer(attempt.metrics[JobReceipt.peakBytesMetric])),
            ("error", .text(attempt.errorMessage)),
        ])
    }
}
