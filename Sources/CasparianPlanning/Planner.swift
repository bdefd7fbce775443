import CasparianCatalog
import CasparianModel
import CasparianRouting

/// Decides which jobs files want: work is known by content, plugin, plugin version and configuration. No I/O.
public struct Planner: Sendable {
    private let router: Router
    private let identities: [String: WorkIdentity]
    private let now: Timestamp
    /// Only this plugin's; nil for all.
    private let plugin: String?
    /// Work that is done is wanted again.
    private let isForced: Bool

    /// - Parameters:
    ///   - configuration: What decides who gets what.
    ///   - plugin: Only this plugin's jobs; nil for all.
    ///   - isForced: Whether work that is done is to be done again.
    ///   - now: The moment that file ages count from.
    public init(_ configuration: WorkConfiguration, plugin: String? = nil, isForced: Bool = false, now: Timestamp) {
        router = Router(rules: configuration.rules, plugins: configuration.plugins)
        identities = configuration.identities
        self.plugin = plugin
        self.isForced = isForced
        self.now = now
    }

    /// The jobs that the files of a root want.
    ///
    /// - Parameters:
    ///   - root: The root.
    ///   - files: Its places, with their versions; those whose file is gone want nothing.
    ///   - seen: What a scan would record, by the bytes of the relative path: content that is new at a place, and new files.
    ///   - work: The newest jobs of versions below the root.
    public func jobs(
        in root: SourceRoot, files: [KnownFile], seen: [FileObservation], work: [VersionWork]
    ) -> [PlannedJob] {
        let book = WorkBook(work)
        var fresh: [ExactPath: FileObservation] = [:]
        // Where no file is known there is nothing to look up.
        if !files.isEmpty {
            fresh.reserveCapacity(seen.count)
            for one in seen where one.contentHash != nil { fresh[ExactPath(one.relativePath)] = one }
        }
        let moved = Set(seen.compactMap(\.movedFrom))
        var planned: [PlannedJob] = []
        for file in files where !moved.contains(file.locationID) {
            let observation = fresh.removeValue(forKey: ExactPath(file.relativePath))
            guard let version = file.version, file.goneSince == nil || observation != nil else { continue }
            let isNewContent = observation.map { $0.contentHash?.hex != version.contentHash } ?? false
            for plugin in wanted(file.relativePath) {
                let reason =
                    isNewContent
                    ? (book.has(file.locationID, plugin) ? .newContent : .newPlugin)
                    : reason(for: plugin, at: file, version.id, book)
                guard let reason else { continue }
                planned.append(
                    PlannedJob(
                        path: root.path(of: file.relativePath), pluginName: plugin, reason: reason,
                        fileVersionID: isNewContent ? nil : version.id,
                        priority: JobPriority.forFile(modified: observation?.modified ?? version.modified, now: now),
                        contentHash: observation?.contentHash?.hex ?? version.contentHash))
            }
        }
        let unknown = files.isEmpty ? seen.filter { $0.contentHash != nil } : Array(fresh.values)
        for one in unknown {
            let origin = one.movedFrom
            for plugin in wanted(one.relativePath) where origin.map({ !book.has($0, plugin) }) ?? true {
                planned.append(
                    PlannedJob(
                        path: root.path(of: one.relativePath), pluginName: plugin,
                        reason: origin == nil ? .newFile : .newPlugin, fileVersionID: nil, priority: one.priority,
                        contentHash: one.contentHash?.hex))
            }
        }
        return planned.sorted { ($0.path, $0.pluginName) < ($1.path, $1.pluginName) }
    }

    private func wanted(_ path: String) -> [String] {
        router.route(path).plugins.filter { plugin == nil || plugin == $0 }
    }

    private func reason(
        for plugin: String, at file: KnownFile, _ version: FileVersionID, _ book: WorkBook
    ) -> PlannedJob.Reason? {
        guard let job = book.job(version, plugin) else {
            return book.has(file.locationID, plugin) ? .newContent : .newPlugin
        }
        guard job.status.isTerminal else { return nil }
        if isForced { return .forced }
        // What was done before this was kept is taken for done.
        guard let done = job.identity, let now = identities[plugin] else { return nil }
        if done.pluginHash != now.pluginHash { return .pluginChanged }
        return done.configurationHash == now.configurationHash ? nil : .configurationChanged
    }
}

/// Jobs by version, and who was given which place.
private struct WorkBook {
    private struct Key: Hashable {
        var id: Int64
        var plugin: String
    }

    private var byVersion: [Key: VersionWork] = [:]
    private var places: Set<Key> = []

    init(_ work: [VersionWork]) {
        for one in work {
            byVersion[Key(id: one.fileVersionID.rawValue, plugin: one.pluginName)] = one
            places.insert(Key(id: one.locationID.rawValue, plugin: one.pluginName))
        }
    }

    func job(_ version: FileVersionID, _ plugin: String) -> VersionWork? {
        byVersion[Key(id: version.rawValue, plugin: plugin)]
    }

    func has(_ place: FileLocationID, _ plugin: String) -> Bool {
        places.contains(Key(id: place.rawValue, plugin: plugin))
    }
}
