import CasparianSinks
import Foundation

extension Folder {
    /// Checks that a folder, as far as it is there, lies below the output root once symbolic links are followed: text
    /// without `..` is not enough where a link stands on the way.
    ///
    /// - Parameters:
    ///   - folder: `root`, or a path below it, without `.` and `..`.
    ///   - root: The output folder; may be a link itself, its owner's choice.
    /// - Throws: `SinkError` with `.rejected` that names the folder on the way which leads out.
    public static func requireInside(_ folder: String, root: String) throws(SinkError) {
        guard let real = realPath(root) else { return }  // nothing is there yet
        var current = folder
        while current.utf8.count > root.utf8.count {
            var status = stat()
            if lstat(current, &status) == 0 { break }
            current = (current as NSString).deletingLastPathComponent
        }
        guard current.utf8.count > root.utf8.count else { return }
        guard let found = realPath(current) else {
            throw SinkError(
                code: .rejected, target: current,
                message: "is a symbolic link that leads nowhere; make what it names, or remove it")
        }
        guard found.hasPrefix(real == "/" ? real : real + "/") else {
            throw SinkError(
                code: .rejected, target: current,
                message: "leads to \(found), outside the output folder \(real), through a symbolic link; nothing is "
                    + "written there: name another place, or another output folder")
        }
    }

    private static func realPath(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
