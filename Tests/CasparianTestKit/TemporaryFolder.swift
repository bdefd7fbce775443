import Foundation

/// A fresh folder that is gone when the value is.
public final class TemporaryFolder: Sendable {
    public let path: String

    public init() throws {
        path = NSTemporaryDirectory() + "casparian-test-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        // Whatever the umask: tests look at it as other users, too.
        chmod(path, 0o755)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    public func file(_ name: String) -> String { path + "/" + name }

    /// Writes a file, and the folders above it; returns its path.
    @discardableResult
    public func write(_ bytes: some Sequence<UInt8>, to name: String = "input.csv") throws -> String {
        let url = URL(fileURLWithPath: file(name))
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url)
        return file(name)
    }

    @discardableResult
    public func write(_ text: String, to name: String = "input.csv") throws -> String {
        try write(Array(text.utf8), to: name)
    }

    /// Sets a file's modification time.
    public func touch(_ name: String, secondsSinceEpoch: Int, nanoseconds: Int = 0) {
        let times = [timespec](repeating: timespec(tv_sec: secondsSinceEpoch, tv_nsec: nanoseconds), count: 2)
        precondition(utimensat(AT_FDCWD, file(name), times, 0) == 0, "the file is there")
    }

    /// Relative paths of everything below, sorted.
    public func entries() -> [String] {
        (FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []).sorted()
    }

    /// The same without folders.
    public func files() -> [String] {
        entries().filter { name in
            var isFolder: ObjCBool = false
            return FileManager.default.fileExists(atPath: file(name), isDirectory: &isFolder) && !isFolder.boolValue
        }
    }
}
