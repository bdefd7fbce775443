/// Which folder lies at a path: another file system mounted there, or another folder put there, has another.
public struct FolderIdentity: Hashable, Sendable {
    public var device: Int64
    public var inode: Int64

    public init(device: Int64, inode: Int64) {
        self.device = device
        self.inode = inode
    }
}
