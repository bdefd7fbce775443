import CasparianModel
import Crypto
import Foundation

/// A regular file below a folder.
public struct FoundFile: Hashable, Sendable {
    /// `/` between parts; see `PathText`.
    public let relativePath: String
    public let stamp: FileStamp

    public init(relativePath: String, stamp: FileStamp) {
        self.relativePath = relativePath
        self.stamp = stamp
    }

    public var sizeBytes: Int64 { stamp.sizeBytes }
    public var modified: Timestamp { Timestamp(nanoseconds: stamp.modifiedNanoseconds) }
    /// When content or attributes were last changed, by this system's clock; nobody can set it.
    public var changed: Timestamp { Timestamp(nanoseconds: stamp.changedNanoseconds) }
}

/// The regular files directly in one folder, in the order of the bytes of their names; compact, since most folders are as
/// they were and nobody asks for their files one by one.
public struct FolderContents: Sendable {
    /// Below the walk's root; empty for the root.
    public let path: String
    public let identity: FolderIdentity
    /// Something in it could not be looked at: what is not here may be there.
    public internal(set) var isPartial = false
    /// The path's bytes and a `/`; nothing for the root.
    private let prefix: [UInt8]
    private var names: [UInt8] = []
    private var entries: [Entry] = []

    private struct Entry {
        var start: Int32
        var length: Int32
        var stamp: FileStamp
    }

    init(pathBytes: [UInt8], identity: FolderIdentity) {
        path = PathText.text(pathBytes)
        prefix = pathBytes.isEmpty ? [] : pathBytes + [UInt8(ascii: "/")]
        self.identity = identity
    }

    /// How many files.
    public var count: Int { entries.count }

    /// A file by its number, from 0.
    public subscript(number: Int) -> FoundFile {
        let entry = entries[number]
        let name = names[Int(entry.start)..<Int(entry.start + entry.length)]
        return FoundFile(relativePath: PathText.text(prefix + name), stamp: entry.stamp)
    }

    public var files: some Sequence<FoundFile> { entries.indices.lazy.map { self[$0] } }

    mutating func add(_ name: UnsafeBufferPointer<UInt8>, _ stamp: FileStamp) {
        entries.append(Entry(start: Int32(names.count), length: Int32(name.count), stamp: stamp))
        names.append(contentsOf: name)
    }

    mutating func sort() {
        names.withUnsafeBytes { names in
            entries.sort { left, right in
                let common = Int(min(left.length, right.length))
                let order = memcmp(
                    names.baseAddress! + Int(left.start), names.baseAddress! + Int(right.start), common)
                return order == 0 ? left.length < right.length : order < 0
            }
        }
    }

    /// Names and stamps of all files in 16 bytes: equal to an earlier one only if no file came, went or was changed since.
    public func digest() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(names.count + entries.count * 36)
        for entry in entries {
            withUnsafeBytes(of: entry.length.littleEndian) { bytes.append(contentsOf: $0) }
            bytes.append(contentsOf: names[Int(entry.start)..<Int(entry.start + entry.length)])
            let stamp = entry.stamp
            for number in [stamp.inode, stamp.sizeBytes, stamp.modifiedNanoseconds, stamp.changedNanoseconds] {
                withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
            }
        }
        return Array(SHA256.hash(data: bytes).prefix(16))
    }
}

extension FolderIdentity {
    init(_ status: stat) {
        self.init(
            device: Int64(truncatingIfNeeded: status.st_dev), inode: Int64(truncatingIfNeeded: status.st_ino))
    }
}
