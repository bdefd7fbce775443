import CLinux
import CasparianModel
import Foundation
import Synchronization

/// Tells of changes below a root the moment they happen (inotify(7)), in the folders it was asked to watch.
///
/// It may miss things (an overflow, folders beyond the system's limit, changes that another machine makes), so whoever wants
/// the truth looks again from time to time; `gap` says when that has to be often.
public final class FolderWatch: Sendable {
    /// Something happened at a relative path.
    public enum Event: Hashable, Sendable {
        /// A file came, was written to, or its attributes changed.
        case touched(String)
        /// A file's writer closed it, or it was renamed to this path.
        case completed(String)
        case removed(String)
        case folderAppeared(String)
        case folderRemoved(String)
        /// Events were lost, or the root itself is not what it was: look at everything.
        case lost
    }

    /// Why not everything is told; nil if it is.
    public var gap: String? { state.withLock { $0.gap } }
    /// What happened, in order, for one reader. Ends with `close`.
    public let events: AsyncStream<[Event]>

    private struct State {
        var paths: [Int32: String] = [:]
        var gap: String?
        var isClosed = false
    }

    private let root: String
    private let inotify: Int32
    private let wakeup: (read: Int32, write: Int32)
    private let state = Mutex(State())
    private let continuation: AsyncStream<[Event]>.Continuation

    private static let mask = UInt32(
        IN_CREATE | IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE | IN_DELETE_SELF
            | IN_MOVE_SELF | IN_ONLYDIR | IN_EXCL_UNLINK)

    /// Begins to listen; nothing is told before `watch`.
    ///
    /// - Parameter root: Absolute path of the root.
    public init(root: String) {
        self.root = root
        (events, continuation) = AsyncStream.makeStream(of: [Event].self)
        var pipes: [Int32] = [-1, -1]
        inotify = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
        let reason = errno
        _ = pipe(&pipes)
        for descriptor in pipes { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        wakeup = (pipes[0], pipes[1])
        let gap = inotify < 0 ? Self.noInstance(reason) : RemoteFileSystem.name(of: root).map(Self.remote)
        state.withLock { $0.gap = gap }
        guard inotify >= 0, wakeup.read >= 0 else {
            continuation.finish()
            return
        }
        Thread.detachNewThread { self.listen() }
    }

    /// Watches a folder from now on; a folder that is watched already stays so. Failures widen the `gap`.
    ///
    /// - Parameter folder: Relative path; empty for the root.
    public func watch(_ folder: String) {
        guard inotify >= 0 else { return }
        let place = folder.isEmpty ? root : root + "/" + folder
        // Under the lock: what it tells may come before the number is known.
        state.withLock { state in
            guard !state.isClosed else { return }
            var mask = Self.mask
            if !folder.isEmpty { mask |= UInt32(IN_DONT_FOLLOW) }
            let number = PathText.withSystemPath(place) { inotify_add_watch(inotify, $0, mask) }
            if number >= 0 {
                state.paths[number] = folder
            } else if [ENOSPC, ENOMEM].contains(errno), state.gap == nil {
                state.gap = Self.noWatch(state.paths.count)
            }
        }
    }

    /// Folders that are watched.
    public var count: Int { state.withLock { $0.paths.count } }

    /// Forgets a folder that went, with all below it.
    public func forget(_ folder: String) {
        state.withLock { state in
            for (number, path) in state.paths where PathParts.isPath(path, in: folder) {
                inotify_rm_watch(inotify, number)
                state.paths[number] = nil
            }
        }
    }

    /// Ends the stream; the descriptors go with the listening thread.
    public func close() {
        let wasClosed = state.withLock { state in
            defer { state.isClosed = true }
            return state.isClosed
        }
        guard !wasClosed, wakeup.write >= 0 else { return }
        var byte: UInt8 = 1
        _ = write(wakeup.write, &byte, 1)
    }

    private func listen() {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 8)
        defer {
            buffer.deallocate()
            state.withLock { state in
                state.isClosed = true
                Foundation.close(inotify)
            }
            Foundation.close(wakeup.read)
            Foundation.close(wakeup.write)
            continuation.finish()
        }
        while true {
            var descriptors = [
                pollfd(fd: inotify, events: Int16(POLLIN), revents: 0),
                pollfd(fd: wakeup.read, events: Int16(POLLIN), revents: 0),
            ]
            let ready = poll(&descriptors, 2, -1)
            if ready < 0, errno != EINTR { return }
            if descriptors[1].revents != 0 { return }
            let count = read(inotify, buffer.baseAddress, buffer.count)
            if count > 0 {
                let events = parse(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                if !events.isEmpty { continuation.yield(events) }
            }
        }
    }

    private func parse(_ bytes: UnsafeRawBufferPointer) -> [Event] {
        let header = MemoryLayout<inotify_event>.size
        var events: [Event] = []
        var offset = 0
        state.withLock { state in
            while offset + header <= bytes.count {
                let raw = bytes.loadUnaligned(fromByteOffset: offset, as: inotify_event.self)
                let name = bytes[(offset + header)..<(offset + header + Int(raw.len))].prefix { $0 != 0 }
                offset += header + Int(raw.len)
                if let event = Self.event(raw, Array(name), &state), event != events.last { events.append(event) }
            }
        }
        return events
    }

    private static func event(_ raw: inotify_event, _ name: [UInt8], _ state: inout State) -> Event? {
        func has(_ flag: Int) -> Bool { raw.mask & UInt32(flag) != 0 }
        if has(Int(IN_Q_OVERFLOW)) { return .lost }
        guard let folder = state.paths[raw.wd] else { return nil }
        if has(Int(IN_IGNORED)) {
            state.paths[raw.wd] = nil
            return nil
        }
        if name.isEmpty {
            // Of a folder below, its parent tells.
            let isEnd = has(Int(IN_DELETE_SELF)) || has(Int(IN_MOVE_SELF)) || has(Int(IN_UNMOUNT))
            return isEnd && (folder.isEmpty || has(Int(IN_UNMOUNT))) ? .lost : nil
        }
        let text = PathText.text(name)
        let path = folder.isEmpty ? text : folder + "/" + text
        if has(Int(IN_ISDIR)) {
            if has(Int(IN_CREATE)) || has(Int(IN_MOVED_TO)) { return .folderAppeared(path) }
            return has(Int(IN_DELETE)) || has(Int(IN_MOVED_FROM)) ? .folderRemoved(path) : nil
        }
        if has(Int(IN_DELETE)) || has(Int(IN_MOVED_FROM)) { return .removed(path) }
        if has(Int(IN_CLOSE_WRITE)) || has(Int(IN_MOVED_TO)) { return .completed(path) }
        return .touched(path)
    }

    private static func noInstance(_ code: Int32) -> String {
        "the system gives out no more inotify instances (\(String(cString: strerror(code)))); raise "
            + "fs.inotify.max_user_instances with sysctl, or stop programs that watch folders"
    }

    private static func noWatch(_ count: Int) -> String {
        let limit = (try? String(contentsOfFile: "/proc/sys/fs/inotify/max_user_watches", encoding: .utf8))?
            .trimmingCharacters(in: .whitespacesAndNewlines)
        return "the system's limit of watched folders (fs.inotify.max_user_watches, \(limit ?? "unknown")) is used up "
            + "after \(count) folders of this root; raise it: sysctl fs.inotify.max_user_watches=1048576"
    }

    private static func remote(_ name: String) -> String {
        "it lies on \(name), and what other machines write there is not announced"
    }
}

/// File systems whose changes may be made elsewhere.
enum RemoteFileSystem {
    /// statfs(2)'s `f_type`.
    private static let names: [UInt32: String] = [
        0x6969: "NFS", 0xFF53_4D42: "CIFS", 0xFE53_4D42: "SMB", 0x517B: "SMB", 0x0102_1997: "9p",
        0x6573_5546: "FUSE", 0x00C3_6400: "CephFS", 0x5346_414F: "AFS", 0x0BD0_0BD0: "Lustre", 0x7375_7245: "Coda",
        0x4750_4653: "GPFS", 0x0116_1970: "GFS2", 0x7461_636F: "OCFS2",
    ]

    /// Nil for one of this machine.
    static func name(of path: String) -> String? {
        names[PathText.withSystemPath(path) { cs_file_system($0) }]
    }
}
