import CasparianSinks
import Columnar
import Foundation
import StagingFiles
import Synchronization

/// Where the rows of promoted files come from: read from their footers, once for each file.
final class PromotedFiles: Sendable {
    private struct Entry {
        var inode: UInt64
        var modified: Int
        /// Nil for a file that does not say.
        var origin: RowOrigin?
    }

    /// The key in a footer under which the origin stands, as a JSON object.
    static let originKey = "casparian.origin"
    /// Files remembered; beyond that all are forgotten and read again.
    private static let entriesMax = 200_000

    private let entries = Mutex<[String: Entry]>([:])

    /// Folders in folders that a partitioned table may have.
    static let partitionLevelsMax = 8

    /// Every promoted file of a table that says where its rows are from.
    ///
    /// - Parameter levels: Of folders of partitions that are looked into; 0 for the table's folder alone.
    func all(
        of names: ParquetNames, levels: Int = partitionLevelsMax
    ) throws(SinkError) -> [(path: String, origin: RowOrigin)] {
        try Self.paths(in: names.folder, levels: levels, where: names.isPromoted).compactMap { path in
            origin(of: path).map { (path, $0) }
        }
    }

    /// Every promoted file of a table: those in the folder of `names` and its partitions (`column=value`) that are named
    /// alike and differ in the job id.
    func paths(of names: ParquetNames) throws(SinkError) -> [String] {
        try Self.paths(in: names.folder, levels: Self.partitionLevelsMax, where: names.isPromoted)
    }

    private static func paths(
        in folder: String, levels: Int, where isMeant: (String) -> Bool
    ) throws(SinkError) -> [String] {
        let found: [String]
        do {
            found = try FileManager.default.contentsOfDirectory(atPath: folder)
        } catch {
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder) else { return [] }
            throw SinkError(code: .io, target: folder, message: "cannot be listed: \(error.localizedDescription)")
        }
        var paths: [String] = []
        for name in found.sorted() {
            let path = folder + "/" + name
            if isMeant(name) { paths.append(path) }
            guard levels > 0, name.contains("="), !name.hasSuffix(ParquetNames.suffix), Folder.isFolder(path) else {
                continue
            }
            paths += try Self.paths(in: path, levels: levels - 1, where: isMeant)
        }
        return paths
    }

    /// Nil if there is no such file, or it does not say.
    func origin(of path: String) -> RowOrigin? {
        var status = stat()
        // Whoever opens a pipe waits for its other end.
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        let inode = UInt64(status.st_ino)
        let modified = status.st_mtim.tv_sec &* 1_000_000_000 &+ status.st_mtim.tv_nsec
        if let known = entries.withLock({ $0[path] }), known.inode == inode, known.modified == modified {
            return known.origin
        }
        let origin = (try? ParquetFooter(path: path))?.origin
        entries.withLock { entries in
            if entries.count >= Self.entriesMax { entries.removeAll() }
            entries[path] = Entry(inode: inode, modified: modified, origin: origin)
        }
        return origin
    }

    static func text(_ origin: RowOrigin) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(origin), as: UTF8.self)
    }
}
