import Foundation

/// A file system in memory that is soon full; unmounted when the value is gone.
public final class SmallDisk {
    struct CannotMount: Error { let errno: Int32 }

    public let path: String

    public init(at path: String, kibibytes: Int) throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        guard mount("tmpfs", path, "tmpfs", 0, "size=\(kibibytes)k") == 0 else { throw CannotMount(errno: errno) }
        self.path = path
    }

    deinit { umount2(path, Int32(MNT_DETACH)) }

    public var isEmpty: Bool { (try? FileManager.default.contentsOfDirectory(atPath: path).isEmpty) == true }

    /// Tried once: containers often let root do everything but this.
    public static let isAvailable: Bool = {
        let path = NSTemporaryDirectory() + "small-disk-" + UUID().uuidString
        defer { rmdir(path) }
        return (try? SmallDisk(at: path, kibibytes: 64)) != nil
    }()
}
