import CasparianPlanning

/// A plan for people and for programs.
struct PlanReport {
    let jobs: [PlannedJob]
    /// Jobs that are named one by one.
    let limit: Int

    func print(json: Bool, whenEmpty: String) {
        if json {
            for job in jobs { Terminal.line(JSONLine.encode(Self.columns.map { ($0.key, $0.value(job)) })) }
            return
        }
        if jobs.isEmpty { return Terminal.line(whenEmpty) }
        for line in summary { Terminal.line(line) }
        guard limit > 0 else { return }
        Listing(columns: Self.columns, whenEmpty: "").print(Array(jobs.prefix(limit)), json: false)
        if jobs.count > limit { Terminal.line("... and \(jobs.count - limit) more; --limit shows more, --json all") }
    }

    /// One line for each plugin.
    var summary: [String] {
        Dictionary(grouping: jobs, by: \.pluginName).sorted { $0.key < $1.key }.map { plugin, jobs in
            let reasons = PlannedJob.Reason.allCases.compactMap { reason in
                let count = jobs.count { $0.reason == reason }
                return count == 0 ? nil : "\(count) \(reason.text)"
            }
            return "\(plugin): \(Format.count(jobs.count, "job")) (\(reasons.joined(separator: ", ")))"
        }
    }

    private static let columns: [Column<PlannedJob>] = [
        Column("plugin") { .text($0.pluginName) },
        Column("reason", brief: { $0.reason.text }) { .text($0.reason.rawValue) },
        Column("path") { .text($0.path) },
        Column("file_version_id", "VERSION", numeric: true) { .integer($0.fileVersionID?.rawValue) },
    ]
}
