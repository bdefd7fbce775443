/// What the file system says of a file without reading it (statx(2)); equal for two looks only if nobody wrote to the file
/// or put another in its place meanwhile.
///
/// Anybody can set a modification time, as `cp -p` and `rsync -t` do; nobody can set the time of the last change.
public struct FileStamp: Hashable, Sendable {
    /// Number of the file system. For information: it can differ after a restart though nothing has changed.
    public var device: Int64
    public var inode: Int64
    public var sizeBytes: Int64
    /// Nanoseconds since 1970 in UTC: content, as the last writer or whoever set it has it.
    public var modifiedNanoseconds: Int64
    /// Nanoseconds since 1970 in UTC: content, owner, name or mode, by the file system's own clock.
    public var changedNanoseconds: Int64

    public init(
        device: Int64, inode: Int64, sizeBytes: Int64, modifiedNanoseconds: Int64, changedNanoseconds: Int64
    ) {
        self.device = device
        self.inode = inode
        self.sizeBytes = sizeBytes
        self.modifiedNanoseconds = modifiedNanoseconds
        self.changedNanoseconds = changedNanoseconds
    }

    /// Whether both are of the same unchanged file.
    public func isSameContent(as other: FileStamp) -> Bool {
        inode == other.inode && sizeBytes == other.sizeBytes && modifiedNanoseconds == other.modifiedNanoseconds
            && changedNanoseconds == other.changedNanoseconds
    }
}
