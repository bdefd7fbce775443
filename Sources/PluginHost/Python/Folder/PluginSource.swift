import CasparianModel
import Crypto
import Foundation
import Glibc

/// A plugin file as it lay there.
struct PluginSource {
    let file: PluginFile
    /// Nil of a program.
    let bytes: Data?
    let contentHash: String

    var name: String { file.name }
    var path: String { file.path }

    /// Nil if the file cannot be read.
    init?(_ file: PluginFile) {
        guard let bytes = try? Data(contentsOf: URL(fileURLWithPath: file.path), options: .mappedIfSafe) else {
            return nil
        }
        self.file = file
        self.bytes = file.isProgram ? nil : bytes
        contentHash = ContentHash(digest: SHA256.hash(data: bytes)).hex
    }

    /// Nil of a program.
    var text: String? { bytes.map { String(decoding: $0, as: UTF8.self) } }
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
