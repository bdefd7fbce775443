import CasparianCatalog
import CasparianModel
import CasparianRouting
import Dispatch
import FileDiscovery
import Synchronization

/// One scan of a root, from the folders that a walk finds to the record in the catalog.
///
/// The walk's threads drop folders that are as they were. What is left comes here one by one, is compared file by file,
/// read where it is new or changed, and recorded in chunks: while one chunk is written, the next is read.
struct ScanPass {
    private(set) var report: ScanReport
    private let setting: ScanSetting
    private let start: String
    private let now: Timestamp
    private let folders: [ExactPath: KnownFolder]
    /// Whether the root had any place before.
    private let hasPlaces: Bool
    private let walked: Walked
    private var chunk = Chunk()
    private var writing: Task<RecordResult, any Error>?
    private var absences: Absences
    private var moves: MoveFinder
    /// Folders with a file that could not be read.
    private var unread: Set<ExactPath> = []

    /// Files that are read and recorded together.
    private struct Chunk {
        /// Files as they were, that are routed anew or whose record lacks something.
        var observations: [FileObservation] = []
        var toRead: [FileReading.Wanted] = []
        /// Folders that are on record once this chunk is.
        var folders: [KnownFolder] = []
        var count: Int { observations.count + toRead.count }
    }

    /// What the walk's threads note.
    private final class Walked: Sendable {
        let visited = Mutex<Set<ExactPath>>([])
        let unchanged = Atomic(0)
        let seen = Atomic(0)
    }

    init(_ setting: ScanSetting, below start: String, now: Timestamp) async throws {
        self.setting = setting
        self.start = start
        self.now = now
        report = ScanReport(root: setting.root.path)
        var folders: [ExactPath: KnownFolder] = [:]
        for folder in try await setting.catalog.knownFolders(root: setting.root.id, below: start) {
            folders[ExactPath(folder.path)] = folder
        }
        self.folders = folders
        hasPlaces = try await setting.catalog.hasFiles(root: setting.root.id)
        walked = Walked()
        absences = Absences(setting, folders, now: now)
        moves = try await MoveFinder(setting, isFirst: !hasPlaces)
    }

    /// Starts the walk on threads of its own; the channel ends with it.
    func walk(
        into channel: FolderChannel, entering: @escaping @Sendable (String) -> Void
    ) -> Task<FolderWalk.Summary, any Error> {
        let walk = FolderWalk(root: setting.root.path, ignored: setting.ignored, leftOut: setting.ownFiles)
        let (walked, folders, routing, start) = (walked, folders, setting.router.fingerprint, start)
        let isFirst = !hasPlaces
        return Task {
            defer { channel.finish() }
            return try await withCheckedThrowingContinuation { continuation in
                DispatchQueue(label: "casparian.walk").async {
                    var result = Result { () throws(DiscoveryError) in
                        try walk.run(below: start, entering: entering) { contents in
                            let path = ExactPath(contents.path)
                            if !isFirst { walked.visited.withLock { _ = $0.insert(path) } }
                            let digest = contents.digest()
                            walked.seen.wrappingAdd(contents.count, ordering: .relaxed)
                            if let known = folders[path], !contents.isPartial, known.digest == digest,
                                known.routing == routing, known.identity == contents.identity
                            {
                                walked.unchanged.wrappingAdd(contents.count, ordering: .relaxed)
                                return true
                            }
                            return channel.send(FolderChannel.Item(contents: contents, digest: digest))
                        }
                    }
                    // A folder of which somebody said that something happened there, and that has gone: so have its files.
                    if case .failure(let problem) = result, problem.isGone, !start.isEmpty {
                        result = .success(FolderWalk.Summary())
                    }
                    continuation.resume(with: result)
                }
            }
        }
    }

    /// Compares one folder with the catalog.
    mutating func take(_ item: FolderChannel.Item, _ onProgress: (ScanReport) -> Void) async throws {
        let contents = item.contents
        let path = ExactPath(contents.path)
        let last = folders[path]
        var known: [ExactPath: KnownFile] = [:]
        if hasPlaces {
            for file in try await setting.catalog.knownFiles(root: setting.root.id, folder: contents.path) {
                known[ExactPath(file.relativePath)] = file
            }
        }
        let isRoutedAnew = last?.routing != setting.router.fingerprint
        var isSettled = true
        for file in contents.files {
            let last = known.removeValue(forKey: ExactPath(file.relativePath))
            if !take(file, last, isRoutedAnew) { isSettled = false }
            if chunk.count >= Scout.chunkSize { try await flush(onProgress) }
        }
        let missing = known.values.filter { $0.goneSince == nil && $0.version != nil }
        var record: KnownFolder? = KnownFolder(
            path: contents.path, identity: contents.identity, digest: item.digest,
            routing: setting.router.fingerprint)
        if !isSettled || contents.isPartial {
            // A digest that no folder has: its files are compared one by one next time, too, and not routed again.
            record?.digest = []
            if !isRoutedAnew { record = nil }
        }
        if missing.isEmpty, last.map({ $0.identity == contents.identity }) ?? true {
            if let record { chunk.folders.append(record) }
        } else if !contents.isPartial {
            absences.add(Array(missing), contents: contents, record: record)
        }
        if chunk.folders.count >= Scout.chunkSize { try await flush(onProgress) }
    }

    /// Sorts one file in; false if it will be input and is not complete yet.
    private mutating func take(_ file: FoundFile, _ last: KnownFile?, _ isRoutedAnew: Bool) -> Bool {
        if let last, ScanSetting.isUnchanged(file, since: last) {
            report.unchangedFiles += 1
            if isRoutedAnew || last.stamp == nil || last.goneSince != nil {
                chunk.observations.append(setting.unread(file, since: last, now: now))
            }
            return true
        }
        let unsettled = report.unsettled.count
        if setting.isComplete(file, isClosed: false, now: now, &report) {
            chunk.toRead.append(.init(file: file, isNew: last == nil))
        }
        return report.unsettled.count == unsettled
    }

    /// Reads what has come together and hands it to the writer.
    private mutating func flush(_ onProgress: (ScanReport) -> Void) async throws {
        let current = chunk
        chunk = Chunk()
        let reading = try await FileReading(current.toRead, setting, &moves, now: now)
        report.note(reading.failures, now: now)
        for (path, _) in reading.failures { unread.insert(ExactPath(PathParts.folder(of: path))) }
        try await settleWriting()
        let record = ScanRecord(
            observations: current.observations + reading.observations,
            folders: current.folders.filter { !unread.contains(ExactPath($0.path)) })
        let (catalog, root, now) = (setting.catalog, setting.root.id, now)
        writing = Task { try await catalog.record(record, root: root, now: now) }
        count()
        onProgress(report)
    }

    private mutating func settleWriting() async throws {
        guard let task = writing else { return }
        writing = nil
        report.add(try await task.value)
    }

    private mutating func count() {
        report.filesSeen = walked.seen.load(ordering: .relaxed) - report.unsettled.count - report.leftOut
    }

    /// Waits for what is being written; for a scan that ends early.
    mutating func abandon() async {
        _ = await writing?.result
        writing = nil
    }

    /// Records the rest: the last chunk, and what is not there any more.
    mutating func finish(_ summary: FolderWalk.Summary) async throws {
        try await flush { _ in }
        try await settleWriting()
        count()
        report.unchangedFiles += walked.unchanged.load(ordering: .relaxed)
        report.links = summary.links
        report.problems = Array((summary.problems + report.problems).prefix(FolderWalk.problemsMax))
        if hasPlaces {
            let visited = walked.visited.withLock { $0 }
            let record = try await absences.resolve(
                visited: visited, unreadable: summary.unreadable, below: start,
                filesSeen: walked.seen.load(ordering: .relaxed), moved: moves.moved)
            report.alarms = absences.alarms
            report.add(try await setting.catalog.record(record, root: setting.root.id, now: now))
        }
        if start.isEmpty { try await setting.catalog.setAlarms(report.alarms, root: setting.root.id, now: now) }
    }
}
