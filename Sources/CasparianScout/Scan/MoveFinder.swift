import CasparianCatalog
import CasparianModel
import FileDiscovery

/// Recognises a file at a path that nobody knows as one that lay elsewhere, by its content: a place whose file has gone.
struct MoveFinder {
    /// How long after its file went a place is still taken for where that file comes from: one look may see it go, and a
    /// later one, when it has settled, see it come.
    static let memory = Duration.seconds(3600)

    /// Places whose files were found elsewhere.
    private(set) var moved: Set<FileLocationID> = []
    private let setting: ScanSetting
    private let isFirst: Bool
    private var roots: [String: Root] = [:]

    /// Another root, or this one, as far as its files can be missed there.
    private struct Root {
        /// Nil if it is not the folder that its files were seen in.
        var folder: RootFolder?
    }

    init(_ setting: ScanSetting, isFirst: Bool) async throws {
        self.setting = setting
        // Nothing can have been moved where no root ever held a file.
        if isFirst {
            self.isFirst = try await !setting.catalog.hasFiles(root: nil)
        } else {
            self.isFirst = false
        }
    }

    /// - Parameters:
    ///   - files: Files at paths without a place, with what was read of them.
    ///   - now: The moment of the scan.
    /// - Returns: The same, those that were moved with the place they come from.
    mutating func resolve(
        _ files: [(FileObservation, HashedFile)], now: Timestamp
    ) async throws -> [FileObservation] {
        guard !isFirst, !files.isEmpty else { return files.map(\.0) }
        var candidates: [String: [FileListing]] = [:]
        for place in try await setting.catalog.places(holding: Array(Set(files.map(\.1.contentHash)))) {
            if let since = place.file.goneSince, since < now.advanced(by: .zero - Self.memory) { continue }
            candidates[place.file.version?.contentHash ?? "", default: []].append(place)
        }
        var resolved: [FileObservation] = []
        resolved.reserveCapacity(files.count)
        for (seen, file) in files {
            var seen = seen
            let places = candidates[file.contentHash.hex, default: []].filter { !moved.contains($0.file.locationID) }
            if let origin = try await origin(of: file, among: places) {
                moved.insert(origin)
                seen.movedFrom = origin
            }
            resolved.append(seen)
        }
        return resolved
    }

    private mutating func origin(of file: HashedFile, among places: [FileListing]) async throws -> FileLocationID? {
        func isSameInode(_ place: FileListing) -> Bool { place.file.stamp?.inode == file.stamp.inode }
        // Many files are empty: that alone says nothing.
        let likely = places.filter { file.sizeBytes > 0 || isSameInode($0) }
        for place in likely.filter(isSameInode) + likely.filter({ !isSameInode($0) })
        where try await isMissing(place) {
            return place.file.locationID
        }
        return nil
    }

    /// Whether the file is really not there, rather than out of reach.
    private mutating func isMissing(_ place: FileListing) async throws -> Bool {
        guard let folder = try await root(place) else { return false }
        let path = place.file.relativePath
        // What cannot be looked at may well be there.
        do throws(DiscoveryError) {
            guard try folder.file(path) == nil else { return false }
            return try Absences.isSameFileSystem(path, place.file.stamp?.device, folder)
        } catch {
            return false
        }
    }

    private mutating func root(_ place: FileListing) async throws -> RootFolder? {
        if place.file.sourceRootID == setting.root.id { return setting.folder }
        if let known = roots[place.rootPath] { return known.folder }
        var folder = try? RootFolder(path: place.rootPath)
        let top = try await setting.catalog.knownFolders(root: place.file.sourceRootID, below: "").first {
            $0.path.isEmpty
        }
        if top?.identity != folder?.identity { folder = nil }
        roots[place.rootPath] = Root(folder: folder)
        return folder
    }
}
