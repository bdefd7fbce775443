import ArgumentParser
import CasparianCatalog
import CasparianModel

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Where everything stands, and why what waits is waiting.",
        discussion: "Examples:\n  casparian status\n  casparian status --json")

    @OptionGroup var project: ProjectOptions
    @OptionGroup var listing: ListingOptions

    func run() async throws {
        let catalog = try await project.openExistingCatalog()
        let report = try await StatusReport.read(from: catalog)
        if listing.json { Terminal.line(JSONLine.encode(report.pairs)) } else { report.lines.forEach(Terminal.line) }
    }
}

/// The state of a project at one moment.
struct StatusReport {
    var summary: QueueSummary
    var roots: [SourceRoot]
    var workers: [WorkerNode]
    var pauses: [PluginPause] = []
    /// By the root's path.
    var alarms: [(root: String, alarm: DiscoveryAlarm)] = []
    /// The newest failed jobs: those a person has to look at.
    var failed: [JobListing] = []

    /// Failed jobs that are named.
    static let failedMax = 10

    static func read(from catalog: any Catalog) async throws -> StatusReport {
        let roots = try await catalog.sourceRoots()
        var alarms: [(root: String, alarm: DiscoveryAlarm)] = []
        for root in roots where root.isActive {
            alarms += try await catalog.alarms(root: root.id).map { (root.path, $0) }
        }
        return StatusReport(
            summary: try await catalog.queueSummary(), roots: roots,
            workers: try await catalog.workers(), pauses: try await catalog.pluginPauses(), alarms: alarms,
            failed: try await catalog.jobs(JobFilter(status: .failed, limit: failedMax)))
    }

    var liveWorkers: [WorkerNode] { workers.filter { $0.status != .offline } }

    /// Plugins with waiting jobs that no connected worker offers, by name.
    var stranded: [(plugin: String, jobs: Int)] {
        let offered = Set(liveWorkers.flatMap(\.plugins))
        return summary.waitingByPlugin.filter { !offered.contains($0.key) }.map { ($0.key, $0.value) }
            .sorted { $0.plugin < $1.plugin }
    }

    /// Why jobs of a plugin wait.
    func reason(for plugin: String) -> String {
        liveWorkers.isEmpty
            ? "no worker is connected; start one: casparian up, or casparian worker --connect ADDRESS"
            : "no connected worker offers '\(plugin)'; put \(plugin).py into a worker's plugins folder and restart it"
    }

    var lines: [String] {
        var out = [
            "Jobs:    " + JobStatus.allCases.map { "\(summary.count($0)) \($0.rawValue)" }.joined(separator: ", ")
        ]
        let active = roots.filter(\.isActive)
        out.append(
            "Roots:   "
                + (active.isEmpty
                    ? "none; add one: casparian roots add PATH" : active.map(\.path).joined(separator: ", ")))
        for (root, alarm) in alarms {
            out.append("Alarm:   \(alarm.folder.isEmpty ? root : root + "/" + alarm.folder): \(alarm.message)")
        }
        let busy = liveWorkers.filter { $0.status == .busy }.count
        out.append("Workers: \(liveWorkers.count) connected, \(busy) busy")
        for (plugin, jobs) in stranded {
            out.append("Waiting: \(Format.count(jobs, "job")) for '\(plugin)': \(reason(for: plugin))")
        }
        for pause in pauses {
            out.append(
                "Paused:  '\(pause.pluginName)' until \(pause.until) UTC, since \(pause.failures) jobs in a row failed: "
                    + pause.reason)
        }
        for job in failed {
            let reason = FailureText.lastLine(job.job.errorMessage ?? "")
            out.append(
                "Failed:  job \(job.job.id), '\(job.job.pluginName)' on \(job.filePath): "
                    + "\(EventLogLimits.detail(reason) ?? "no reason"); casparian why \(job.job.id)")
        }
        if summary.count(.failed) > 0 { out.append("Failed jobs: casparian jobs list --status FAILED") }
        return out
    }

    var pairs: [(String, JSONLine.Value)] {
        [
            ("jobs", .object(JobStatus.allCases.map { ($0.rawValue, .integer(Int64(summary.count($0)))) })),
            ("roots", .list(roots.filter(\.isActive).map { .text($0.path) })),
            (
                "alarms",
                .list(
                    alarms.map { root, alarm in
                        .object([
                            ("root", .text(root)), ("folder", .text(alarm.folder)), ("reason", .text(alarm.message)),
                        ])
                    })
            ),
            ("workers", .integer(Int64(liveWorkers.count))),
            (
                "waiting",
                .list(
                    stranded.map { plugin, jobs in
                        .object([
                            ("plugin", .text(plugin)), ("jobs", .integer(Int64(jobs))),
                            ("reason", .text(reason(for: plugin))),
                        ])
                    })
            ),
            (
                "paused",
                .list(
                    pauses.map { pause in
                        .object([
                            ("plugin", .text(pause.pluginName)), ("until", .text(pause.until.description)),
                            ("failures", .integer(Int64(pause.failures))), ("reason", .text(pause.reason)),
                        ])
                    })
            ),
            ("failed", .list(failed.map { .integer($0.job.id.rawValue) })),
        ]
    }
}
