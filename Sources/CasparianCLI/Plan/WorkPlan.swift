import CasparianCatalog
import CasparianModel
import CasparianPlanning
import CasparianRegistration
import CasparianScout
import Logging

/// What would be queued if everything were scanned and registered now, and the queueing of it.
struct WorkPlan {
    var jobs: [PlannedJob] = []
    /// Why roots could not be looked at, and alarms.
    var troubles: [String] = []

    /// What a plan is made from.
    struct Basis {
        var settings: ProjectSettings
        var catalog: any Catalog
        /// As the plugins folder has them; none changes nothing.
        var plugins: [PluginDescription] = []
        /// Only this plugin's jobs.
        var plugin: String?
        /// Whether files are looked at; else only what is on record counts.
        var scans = true
    }

    /// Says what is not as it should be, in the end.
    ///
    /// - Throws: `ExitStatus` 69 for roots that could not be looked at, 1 for plugins that cannot be used.
    func complain(about plugins: [PluginDescription]) throws {
        let broken = plugins.compactMap { plugin in
            plugin.loadError.map { "plugin '\(plugin.name)' cannot be used, its files are not planned: \($0)" }
        }
        let text = (troubles + broken).joined(separator: "\n")
        if !troubles.isEmpty { throw ExitStatus.unreachable(text) }
        if !broken.isEmpty { throw ExitStatus.failed(text) }
    }

    /// Jobs that are put into the queue in one transaction.
    private static let chunkSize = 5000

    /// The Python plugins of the project's folder; none if there is no folder.
    static func plugins(_ settings: ProjectSettings) async throws -> [PluginDescription] {
        guard Paths.isFolder(settings.plugins) else { return [] }
        return try await Composition.pythonPlugins(settings).discover()
    }

    /// Plans; changes nothing.
    static func make(_ basis: Basis) async throws -> WorkPlan {
        let now = Clock.now()
        let configuration = try await basis.catalog.configuration(registering: basis.plugins, now: now)
        let planner = Planner(configuration, plugin: basis.plugin, now: now)
        let scout = try Composition.scout(basis.settings, catalog: basis.catalog)
        let progress = ProgressLine()
        var plan = WorkPlan()
        var given = try await given(configuration, basis.catalog)
        for root in try await roots(basis) {
            var files = try await basis.catalog.knownFiles(root: root.id)
            var seen: [FileObservation] = []
            if basis.scans {
                do {
                    let preview = try await scout.preview(
                        root, catalog: basis.catalog, configuration: configuration, now: now
                    ) { progress.show("\(root.path): \(Format.count($0.filesSeen, "file"))") }
                    files.removeAll { preview.gone.contains($0.locationID) }
                    seen = preview.observations
                    plan.troubles += preview.report.alarms.map { "\(root.path): \($0.message)" }
                } catch let error as CatalogError {
                    throw error
                } catch {
                    plan.troubles.append("\(error)")
                }
            }
            plan.jobs += given.needed(
                of: planner.jobs(
                    in: root, files: files, seen: seen, work: try await basis.catalog.work(root: root.id)))
        }
        progress.clear()
        return plan
    }

    /// What plugins need not be given again.
    static func given(_ configuration: WorkConfiguration, _ catalog: any Catalog) async throws -> GivenContents {
        var given: [String: Set<String>] = [:]
        for plugin in configuration.skipping { given[plugin] = try await catalog.contents(givenTo: plugin) }
        return GivenContents(given)
    }

    /// Queues what a plan is about: registers, scans, and runs again what has changed.
    ///
    /// - Returns: How many jobs were queued.
    static func apply(_ plan: WorkPlan, _ basis: Basis) async throws -> Int {
        let (catalog, progress) = (basis.catalog, ProgressLine())
        let before = try await catalog.queueSummary()
        for root in basis.settings.roots { try await catalog.addSourceRoot(path: root) }
        let scout = try Composition.scout(basis.settings, catalog: catalog)
        for root in try await catalog.sourceRoots() where root.isActive && basis.scans {
            do {
                _ = try await scout.scanSettled(root, now: { Clock.now() }) {
                    progress.show("\(root.path): \(Format.count($0.filesSeen, "file"))")
                }
            } catch let error as CatalogError {
                throw error
            } catch {
                Logger(label: "apply").error("root cannot be scanned", metadata: ["reason": "\(error)"])
            }
        }
        // After the scan, so that files that have gone or changed get no jobs for what they were.
        try await Registrar(catalog: catalog).register(basis.plugins, now: Clock.now())
        try await Registrar(catalog: catalog).reroute(now: Clock.now())
        _ = try await rerun(plan.jobs, in: catalog)
        progress.clear()
        let after = try await catalog.queueSummary()
        return JobStatus.allCases.reduce(0) { $0 + after.count($1) - before.count($1) }
    }

    /// Queues jobs of versions that are on record, also where there was one before.
    ///
    /// - Returns: How many were queued.
    static func rerun(_ jobs: [PlannedJob], in catalog: any Catalog) async throws -> Int {
        let wanted = jobs.compactMap { job in
            job.fileVersionID.map { Rerun(fileVersionID: $0, pluginName: job.pluginName, priority: job.priority) }
        }
        var queued = 0
        for start in stride(from: 0, to: wanted.count, by: chunkSize) {
            let chunk = Array(wanted[start..<min(start + chunkSize, wanted.count)])
            queued += try await catalog.rerun(chunk, now: Clock.now()).queuedJobs
        }
        return queued
    }

    private static func roots(_ basis: Basis) async throws -> [SourceRoot] {
        let known = try await basis.catalog.sourceRoots()
        // Of the settings only: an id that no row has.
        let others = basis.settings.roots.filter { path in !known.contains { $0.path == path } }
            .map { SourceRoot(id: 0, path: $0) }
        return known.filter(\.isActive) + others
    }
}
