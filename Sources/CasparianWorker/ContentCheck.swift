import CasparianModel
import Dispatch

/// Makes sure that the bytes that a plugin reads are those of the version that the job is about.
///
/// Either the plugin's slot tells the hash of what it read, or the file is hashed beside it: then what was hashed is what
/// was read because the file is the same before and after (`SourceFile`).
final class ContentCheck {
    private let file: SourceFile
    private let expected: ContentHash?
    private let hasher: JobRunner.Hasher?
    private let isReported: Bool
    private let group = DispatchGroup()
    private let beside = Outcome()

    /// Begins to hash the file, if that has to be done here.
    ///
    /// - Parameters:
    ///   - file: As it was before the plugin began.
    ///   - expected: Nil takes whatever it holds.
    ///   - hasher: Nil leaves the content unchecked.
    ///   - isReported: The slot will tell the hash of what it read.
    init(_ file: SourceFile, expected: ContentHash?, hasher: JobRunner.Hasher?, isReported: Bool) {
        self.file = file
        self.expected = hasher == nil ? nil : expected
        self.hasher = hasher
        self.isReported = isReported
        guard let hasher, expected != nil, !isReported else { return }
        let (path, beside) = (file.path, beside)
        DispatchQueue.global().async(group: group) { beside.set(Result { try hasher(path) }) }
    }

    /// Whether the slot is to tell the hash.
    var wantsReport: Bool { isReported && expected != nil }

    /// After the plugin has ended well.
    ///
    /// - Parameter reported: What the slot told; without it the file is read once more.
    /// - Throws: `SourceFileError` when the file changed or its content is another.
    func verify(reported: ContentHash?) throws {
        try file.checkUnchanged()
        guard let expected else { return }
        let found = try reported ?? hashed()
        guard found == expected else {
            throw SourceFileError.changed(
                file.path, "its content has the SHA-256 \(found), and had \(expected)")
        }
        // Also after a hash that was made beside the plugin.
        try file.checkUnchanged()
    }

    /// What to tell of a plugin that failed: that the file changed or went away, if it did, since a plugin cannot be blamed
    /// for that.
    func reason(for error: any Error) -> any Error {
        guard [.plugin, .contract, .file, .guest].contains(FailureCause(of: error)) else { return error }
        do { try file.checkUnchanged() } catch { return error }
        do {
            try verify(reported: nil)
        } catch let change as SourceFileError where change.isChange {
            return change
        } catch {}
        return error
    }

    private func hashed() throws -> ContentHash {
        do {
            guard isReported, let hasher else {
                group.wait()
                return try beside.get()
            }
            return try hasher(file.path)
        } catch {
            // It may be that it changed while it was hashed.
            try file.checkUnchanged()
            throw SourceFileError(path: file.path, message: "its content cannot be hashed: \(error)")
        }
    }
}
