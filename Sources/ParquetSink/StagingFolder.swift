import CasparianSinks
import Foundation
import StagingFiles

/// The staging folder of a job that writes a partitioned table, and the lock on it (see `StagingFile`).
final class StagingFolder {
    let path: String
    private let descriptor: Int32

    /// Makes the folder, or takes over what a process that died left there.
    ///
    /// - Throws: `SinkError`; transient when a living process holds it.
    convenience init(path: String) throws(SinkError) {
        guard let found = try StagingLock.take(path, O_RDONLY | O_DIRECTORY, make: { mkdir(path, 0o777) }) else {
            throw SinkError(code: .io, target: path, message: "cannot be staged: it goes away again and again")
        }
        self.init(path: path, descriptor: found)
    }

    /// Takes over what a process that died left there; nil if there is no such folder.
    ///
    /// - Throws: `SinkError`; transient when a living process holds it.
    convenience init?(existing path: String) throws(SinkError) {
        guard let found = try StagingLock.take(path, O_RDONLY | O_DIRECTORY) else { return nil }
        self.init(path: path, descriptor: found)
    }

    /// The same, but nil also when a living process holds it.
    convenience init?(abandoned path: String) {
        guard let found = StagingLock.takeIfAbandoned(path, O_RDONLY | O_DIRECTORY) else { return nil }
        self.init(path: path, descriptor: found)
    }

    private init(path: String, descriptor: Int32) {
        self.path = path
        self.descriptor = descriptor
    }

    /// Without removing the folder: what a crash would leave.
    deinit { close(descriptor) }

    /// What was prepared.
    var prepared: PartitionManifest? { PartitionManifest(at: path + "/" + PartitionManifest.preparedName) }
    /// What is being promoted.
    var decided: PartitionManifest? { PartitionManifest(at: path + "/" + PartitionManifest.decidedName) }

    /// Whether a name is one that the sink gives in such a folder.
    private static func isOwn(_ name: String) -> Bool {
        if [PartitionManifest.preparedName, PartitionManifest.decidedName].contains(where: name.hasPrefix) {
            return true
        }
        let number = name.hasSuffix(ParquetNames.oldSuffix) ? name.dropLast(ParquetNames.oldSuffix.count) : name[...]
        return number.first == "_" && Int64(number.dropFirst()) != nil
    }

    /// Whether nothing else is in the folder: one that merely has such a name is left alone.
    var isOwn: Bool {
        ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [""]).allSatisfy(Self.isOwn)
    }

    /// The path of a partition's staged file.
    func file(_ number: Int) -> String { path + "/_\(number)" }

    /// Removes what the sink put there; best effort.
    func empty() {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        for name in names where Self.isOwn(name) { unlink(path + "/" + name) }
    }

    /// Best effort.
    func remove() {
        empty()
        rmdir(path)
    }
}
