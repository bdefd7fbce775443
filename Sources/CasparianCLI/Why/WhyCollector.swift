import CasparianCatalog
import CasparianModel
import CasparianRouting
import CasparianScout
import Foundation

/// Collects what `casparian why` tells: from the catalog, and a look at the path itself.
struct WhyCollector {
    let catalog: any Catalog
    let settings: ProjectSettings
    var working = FileManager.default.currentDirectoryPath
    var now = Clock.now()

    /// Events that are shown of one job.
    static let eventsMax = 200

    /// - Parameter asked: A job's number, or a path: absolute, relative to the working folder, or to a root.
    /// - Throws: `ExitStatus` 64 for a number that is neither a job nor a file's name; `CatalogError`.
    func facts(about asked: String) async throws -> WhyFacts {
        if let number = Int64(asked) {
            if let job = try await catalog.job(id: JobID(number)) { return try await facts(about: job) }
            guard FileManager.default.fileExists(atPath: Paths.absolute(asked, from: working)) else {
                throw JobsCommand.unknown(number)
            }
        }
        let roots = try await catalog.sourceRoots()
        let path = try await choose(among: candidates(asked, roots), roots)
        var facts = try await file(path, roots)
        var jobs: [WhyFacts.JobFacts] = []
        for place in facts.places {
            for version in place.history.versions {
                for listing in try await catalog.jobs(JobFilter(fileVersionID: version.id)) {
                    jobs.append(try await job(listing, isOutdated: version.id != place.file?.version?.id))
                }
            }
        }
        facts.jobs = jobs.sorted { $0.listing.job.id < $1.listing.job.id }
        return facts
    }

    private func facts(about listing: JobListing) async throws -> WhyFacts {
        var facts = try await file(listing.filePath, try await catalog.sourceRoots())
        let current = facts.places.compactMap { $0.file?.version?.id }
        let isOutdated = !current.isEmpty && !current.contains(listing.job.fileVersionID)
        facts.jobs = [try await job(listing, isOutdated: isOutdated)]
        facts.isAboutOneJob = true
        return facts
    }

    // MARK: The path

    private func candidates(_ asked: String, _ roots: [SourceRoot]) -> [String] {
        let first = Paths.absolute(asked, from: working)
        let resolved = URL(fileURLWithPath: first).resolvingSymlinksInPath().path
        let inRoots = asked.hasPrefix("/") ? [] : roots.map { Paths.absolute(asked, from: $0.path) }
        return [first] + (resolved == first ? [] : [resolved]) + inRoots
    }

    /// The first that a scan has seen, else the first that is there, else the first.
    private func choose(among paths: [String], _ roots: [SourceRoot]) async throws -> String {
        for path in paths {
            for root in roots {
                if let relative = Self.relative(path, to: root.path), try await known(relative, root) != nil {
                    return path
                }
            }
        }
        return paths.first { WhyDisk.look(at: $0) != .missing } ?? paths[0]
    }

    private func known(_ relative: String, _ root: SourceRoot) async throws -> KnownFile? {
        try await catalog.file(relative, root: root.id)
    }

    /// The path below a root, or nil.
    static func relative(_ path: String, to root: String) -> String? {
        let prefix = root == "/" ? "/" : root + "/"
        guard path.utf8.starts(with: prefix.utf8), path.utf8.count > prefix.utf8.count else { return nil }
        return String(decoding: path.utf8.dropFirst(prefix.utf8.count), as: UTF8.self)
    }

    private func file(_ path: String, _ roots: [SourceRoot]) async throws -> WhyFacts {
        var facts = WhyFacts(now: now, path: path, disk: WhyDisk.look(at: path), settle: .zero)
        facts.isOwn = Composition.ownFiles(settings).contains(path)
        facts.isRoot = roots.contains { $0.isActive && $0.path == path }
        facts.workers = try await catalog.workers()
        if !path.isEmpty { facts.made = try await catalog.artifacts(uri: "parquet://" + path) }
        let rules = try await catalog.routingRules()
        let plugins = try await catalog.pluginConfigs()
        let ignores = try await catalog.ignoreRules()
        for root in roots {
            guard let relative = Self.relative(path, to: root.path) else { continue }
            guard root.isActive else {
                facts.inactiveRoot = root.path
                continue
            }
            var place = WhyFacts.Place(root: root, relativePath: relative)
            place.ignored = WhyIgnore(settings: settings.ignore, rules: ignores, root: root.id)
                .hit(on: relative, isFolder: facts.disk == .folder)
            place.rules = rules.compactMap { rule in
                let route = Router(rules: [rule], plugins: plugins).route(relative)
                return route.tags.isEmpty ? nil : WhyFacts.RuleMatch(rule: rule, plugins: route.plugins)
            }
            facts.settle = max(facts.settle, try settings.settle.policy().window(for: relative))
            place.file = try await known(relative, root)
            if let file = place.file {
                place.history = try await catalog.history(of: file.locationID)
                place.moves = try await catalog.moves(of: file.locationID)
            }
            place.alarms = try await catalog.alarms(root: root.id).filter { PathParts.isPath(relative, in: $0.folder) }
            facts.places.append(place)
        }
        return facts
    }

    // MARK: Jobs

    private func job(_ listing: JobListing, isOutdated: Bool) async throws -> WhyFacts.JobFacts {
        let id = listing.job.id
        var facts = WhyFacts.JobFacts(listing: listing, isOutdated: isOutdated)
        facts.attempts = try await catalog.attempts(of: id)
        facts.artifacts = try await catalog.artifacts(ArtifactFilter(job: id)).map(\.artifact)
        facts.events = try await catalog.jobEvents(JobEventFilter(job: id, limit: Self.eventsMax))
        facts.ahead = try await catalog.jobsAhead(of: id)
        facts.pause = try await catalog.pluginPauses().first { $0.pluginName == listing.job.pluginName }
        facts.isHolderAlive = WhyDisk.isAlive(host: listing.job.workerHost, pid: listing.job.workerPID)
        let version = try await catalog.pluginVersions().last { $0.pluginName == listing.job.pluginName }
        switch version?.status {
        case PluginVersion.failed: facts.loadError = version?.validationError
        case PluginVersion.building: facts.build = version?.validationError
        default: break
        }
        return facts
    }
}

/// Which pattern keeps a path from being looked at.
struct WhyIgnore {
    private let patterns: [(text: String, origin: WhyFacts.IgnoreHit.Origin)]

    init(settings: [String], rules: [IgnoreRule], root: SourceRootID) {
        let own = rules.filter { $0.isActive && ($0.sourceRootID == nil || $0.sourceRootID == root) }
        patterns =
            settings.map { ($0, .settings) } + own.map { ($0.pattern, .rule($0.id)) }
            + Scout.alwaysIgnored.map { ($0, .builtIn) }
    }

    /// Nil if the path is looked at. A pattern that cannot be used hits nothing here; the scan complains of it.
    func hit(on path: String, isFolder: Bool) -> WhyFacts.IgnoreHit? {
        let usable = patterns.compactMap { pattern in
            (try? IgnoreMatcher([pattern.text])).map { (pattern, $0) }
        }
        guard let all = try? IgnoreMatcher(usable.map(\.0.text)), all.matches(path, isDirectory: isFolder) else {
            return nil
        }
        let parts = path.split(separator: "/")
        for count in 1...max(1, parts.count) {
            let entry = parts.prefix(count).joined(separator: "/")
            let isDirectory = count < parts.count || isFolder
            guard all.matchesEntry(entry, isDirectory: isDirectory) else { continue }
            // The last that matches decides, and it ignores: no exception comes after it.
            let decider = usable.last { $0.1.matchesEntry(entry, isDirectory: isDirectory) }
            return decider.map { WhyFacts.IgnoreHit(pattern: $0.0.text, path: entry, origin: $0.0.origin) }
        }
        return nil
    }
}

/// A look at what is there.
enum WhyDisk {
    static func look(at path: String) -> WhyFacts.OnDisk {
        var status = stat()
        guard PathText.withSystemPath(path, { lstat($0, &status) }) == 0 else {
            let code = errno
            return code == ENOENT || code == ENOTDIR || path.isEmpty
                ? .missing : .unreadable(reason: String(cString: strerror(code)))
        }
        if status.st_mode & S_IFMT == S_IFLNK {
            let target = (try? FileManager.default.destinationOfSymbolicLink(atPath: path)) ?? "?"
            guard stat(path, &status) == 0 else { return .link(target: target, to: .nothing) }
            return .link(target: target, to: status.st_mode & S_IFMT == S_IFDIR ? .folder : .file)
        }
        switch status.st_mode & S_IFMT {
        case S_IFDIR: return .folder
        case S_IFREG: break
        default: return .special
        }
        guard PathText.withSystemPath(path, { access($0, R_OK) }) == 0 else {
            return .unreadable(reason: String(cString: strerror(errno)))
        }
        return .file(
            sizeBytes: Int64(status.st_size),
            modified: Timestamp(seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec))
    }

    /// Nil for other hosts' processes and whenever it cannot be told.
    static func isAlive(host: String?, pid: Int64?) -> Bool? {
        guard let host, let pid, pid > 0, host == ProcessInfo.processInfo.hostName else { return nil }
        return kill(pid_t(clamping: pid), 0) == 0 || errno != ESRCH
    }
}
