import Foundation

/// A fresh folder that goes when the value goes.
final class TemporaryFolder {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "casparian-discovery-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Makes the folders above it too.
    func write(_ text: String, to relativePath: String) throws {
        let url = URL(fileURLWithPath: path + "/" + relativePath)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }

    /// Sets a file's modification time.
    func touch(_ relativePath: String, secondsSinceEpoch: Int, nanoseconds: Int = 0) {
        let times = [timespec](repeating: timespec(tv_sec: secondsSinceEpoch, tv_nsec: nanoseconds), count: 2)
        precondition(utimensat(AT_FDCWD, path + "/" + relativePath, times, 0) == 0, "the file is there")
    }
}
