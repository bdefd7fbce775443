import CasparianModel
import Foundation

/// A path that readers can open as a text: the file's own, or, where that is not UTF-8, a link in a folder of its own whose
/// name ends like the file's, since readers go by endings.
final class ReadablePath {
    let text: String
    private let folder: String?

    /// - Parameter path: See `PathText`.
    /// - Throws: `CocoaError` or a POSIX error when no link can be made.
    init(_ path: String) throws {
        guard PathText.isEscaped(path) else {
            text = path
            folder = nil
            return
        }
        let folder = NSTemporaryDirectory() + "casparian-name-" + UUID().uuidString
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        self.folder = folder
        let name = PathParts.name(of: path).unicodeScalars.map { $0.isASCII && $0 != "\\" ? Character($0) : "_" }
        text = folder + "/" + String(name.suffix(100))
        let result = PathText.withSystemPath(path) { symlink($0, text) }
        if result != 0 {
            let code = errno
            try? FileManager.default.removeItem(atPath: folder)
            throw POSIXError(POSIXErrorCode(rawValue: code) ?? .EIO)
        }
    }

    deinit { if let folder { try? FileManager.default.removeItem(atPath: folder) } }
}
