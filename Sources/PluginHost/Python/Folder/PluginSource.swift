import Crypto
import Foundation
import Glibc

/// A plugin file as it lay there.
struct PluginSource {
    let name: String
    /// Absolute.
    let path: String
    let bytes: Data
    let contentHash: String

    /// Nil if the file cannot be read.
    init?(name: String, folder: String) {
        path = "\(folder)/\(name).py"
        guard let bytes = FileManager.default.contents(atPath: path) else { return nil }
        self.name = name
        self.bytes = bytes
        contentHash = SHA256.hash(data: bytes).map { String(format: "%02x", $0) }.joined()
    }

    var text: String { String(decoding: bytes, as: UTF8.self) }
}

/// What tells that a file has been written to or replaced.
struct FileMark: Hashable {
    private let device: UInt64
    private let inode: UInt64
    private let size: Int64
    private let modified: [Int]
    private let changed: [Int]

    /// Nil if there is no such file.
    init?(path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        size = Int64(status.st_size)
        modified = [status.st_mtim.tv_sec, status.st_mtim.tv_nsec]
        changed = [status.st_ctim.tv_sec, status.st_ctim.tv_nsec]
    }
}
