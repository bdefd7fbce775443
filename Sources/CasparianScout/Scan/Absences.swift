import CasparianCatalog
import CasparianModel
import FileDiscovery

/// Decides about known files that a scan did not meet: they are gone, or something is wrong with the folder they lay in.
struct Absences {
    private(set) var alarms: [DiscoveryAlarm] = []
    private let setting: ScanSetting
    private let folders: [ExactPath: KnownFolder]
    private let now: Timestamp
    private var found: [Missing] = []

    /// Files that are missing in one folder.
    private struct Missing {
        var folder: String
        var files: [KnownFile]
        /// What goes on record with their absence.
        var record: KnownFolder?
    }

    init(_ setting: ScanSetting, _ folders: [ExactPath: KnownFolder], now: Timestamp) {
        self.setting = setting
        self.folders = folders
        self.now = now
    }

    /// Notes files that a folder does not hold any more.
    mutating func add(_ files: [KnownFile], contents: FolderContents, record: KnownFolder?) {
        found.append(Missing(folder: contents.path, files: files, record: record))
    }

    /// After the walk.
    ///
    /// - Parameters:
    ///   - visited: Folders that were read.
    ///   - unreadable: Folders that could not be: nothing is known of what lies below.
    ///   - start: Where the walk began.
    ///   - filesSeen: All that the walk met.
    ///   - moved: Places whose files were found elsewhere.
    /// - Returns: What is gone, for the record.
    mutating func resolve(
        visited: Set<ExactPath>, unreadable: [String], below start: String, filesSeen: Int, moved: Set<FileLocationID>
    ) async throws -> ScanRecord {
        try await addVanished(visited, unreadable, start)
        for index in found.indices { found[index].files.removeAll { moved.contains($0.locationID) } }
        var record = ScanRecord()
        let missing = found.reduce(0) { $0 + $1.files.count }
        if missing > 0, filesSeen == 0, start.isEmpty, !setting.configuration.acceptsMissing {
            alarms = [DiscoveryAlarm(folder: "", message: Self.emptied(missing))]
            return record
        }
        for absence in found {
            if !setting.configuration.acceptsMissing, let reason = try suspicion(absence) {
                // Without files it is no alarm, and what is known of it is kept: files below may be missing.
                if !absence.files.isEmpty { alarms.append(DiscoveryAlarm(folder: absence.folder, message: reason)) }
                continue
            }
            // What is ignored now, or came back meanwhile, is there all the same.
            for file in absence.files where try setting.folder.file(file.relativePath) == nil {
                record.gone.append(file.locationID)
            }
            if let folder = absence.record {
                record.folders.append(folder)
            } else if !visited.contains(ExactPath(absence.folder)) {
                record.forgottenFolders.append(absence.folder)
            }
        }
        alarms.sort { $0.folder.utf8.lexicographicallyPrecedes($1.folder.utf8) }
        return record
    }

    /// Files of folders that the walk did not come to.
    private mutating func addVanished(_ visited: Set<ExactPath>, _ unreadable: [String], _ start: String) async throws {
        func isUnknown(_ path: String) -> Bool {
            !PathParts.isPath(path, in: start) || unreadable.contains { PathParts.isPath(path, in: $0) }
        }
        let vanished = folders.keys.filter { !visited.contains($0) && !isUnknown($0.text) }.map(\.text)
        for path in vanished {
            let files = try await setting.catalog.knownFiles(root: setting.root.id, folder: path)
            found.append(
                Missing(folder: path, files: files.filter { $0.goneSince == nil }, record: nil))
        }
        // Of the earlier implementation, which kept no folders.
        guard folders.isEmpty, start.isEmpty else { return }
        var byFolder: [ExactPath: [KnownFile]] = [:]
        for file in try await setting.catalog.knownFiles(root: setting.root.id) where file.goneSince == nil {
            let path = ExactPath(file.folder)
            if !visited.contains(path), !isUnknown(file.folder) { byFolder[path, default: []].append(file) }
        }
        for (path, files) in byFolder {
            found.append(Missing(folder: path.text, files: files, record: nil))
        }
    }

    /// Why files that are missing may not be deleted; nil if they may.
    private func suspicion(_ absence: Missing) throws -> String? {
        guard let known = folders[ExactPath(absence.folder)]?.identity else { return nil }
        let count = absence.files.count
        // A folder that lacks no file is there, whatever the number of its device is now.
        let isThere = try count == 0 && setting.folder.folder(absence.folder) != nil
        if !isThere, try !Self.isSameFileSystem(absence.folder, known.device, setting.folder) {
            return Self.unmounted(count)
        }
        // The folder, or the nearest one above it that is left: what was mounted there is gone with all below it.
        var path = absence.folder
        while !path.isEmpty, try setting.folder.folder(path) == nil { path = PathParts.folder(of: path) }
        guard let before = folders[ExactPath(path)]?.identity, let after = try setting.folder.folder(path),
            before.inode != after.inode, try setting.folder.isEmpty(path)
        else { return nil }
        return Self.unmounted(count)
    }

    /// Whether a path, or the nearest folder above it that is there, lies on a file system.
    static func isSameFileSystem(
        _ path: String, _ device: Int64?, _ root: RootFolder
    ) throws(DiscoveryError) -> Bool {
        guard let device else { return true }
        var folder = path
        while !folder.isEmpty {
            if let identity = try root.folder(folder) { return identity.device == device }
            folder = PathParts.folder(of: folder)
        }
        return root.identity.device == device
    }

    private static func files(_ count: Int) -> String { "\(count) \(count == 1 ? "file" : "files")" }

    private static func emptied(_ count: Int) -> String {
        "holds no file any more, where there were \(files(count)); nothing is recorded as gone. Is it mounted? If they were "
            + "deleted: casparian scan --accept-missing"
    }

    private static func unmounted(_ count: Int) -> String {
        "another file system, or another and empty folder, lies where \(files(count)) were; nothing is recorded as gone. "
            + "Is it mounted? If they were deleted: casparian scan --accept-missing"
    }
}
