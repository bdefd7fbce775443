import Foundation

/// A file or folder could not be looked at.
public struct DiscoveryError: Error, Hashable, Sendable, CustomStringConvertible {
    public let path: String
    public let message: String
    /// It is not there any more, or something else took its place: no trouble if a walk found it a moment ago.
    public let isGone: Bool
    /// Somebody writes to it right now.
    public let isChanging: Bool

    public init(path: String, message: String, isGone: Bool = false, isChanging: Bool = false) {
        self.path = path
        self.message = message
        self.isGone = isGone
        self.isChanging = isChanging
    }

    /// From an `errno`.
    static func system(_ path: String, _ code: Int32) -> DiscoveryError {
        let reason = String(cString: strerror(code))
        let next =
            switch code {
            case EACCES, EPERM: "; give this user the right to read it, or ignore it"
            case ENOENT: "; check the path"
            case ENOTDIR: "; a source root is a folder"
            default: ""
            }
        return DiscoveryError(
            path: path, message: reason + next, isGone: code == ENOENT || code == ENOTDIR || code == ELOOP)
    }

    public var description: String { "\(path): \(message)" }
}
