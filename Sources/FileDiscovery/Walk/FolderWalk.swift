import CasparianModel
import CasparianRouting
import Foundation
import Synchronization

/// Walks the folders below a root on several threads, each folder read once by one of them, in no order.
///
/// Symbolic links are not followed, so a walk can neither run in circles nor leave the root. What is ignored is not
/// entered. Hidden files count; pipes, sockets and devices do not. Memory: the folders that wait to be read, and what
/// `visit` keeps.
public struct FolderWalk: Sendable {
    /// What a walk met beside files.
    public struct Summary: Sendable {
        public var folders = 0
        /// Symbolic links, which are passed over.
        public var links = 0
        /// Things that could not be looked at, at most `problemsMax` of them.
        public var problems: [DiscoveryError] = []
        /// Folders that could not be opened although they are there, by relative path: what lies below is unknown.
        public var unreadable: [String] = []

        public init() {}
    }

    /// Problems that are kept for the report.
    public static let problemsMax = 1000
    /// Threads that a walk uses unless told otherwise: more help where a disk or a server answers late.
    public static var threadsByDefault: Int { min(max(ProcessInfo.processInfo.activeProcessorCount, 2), 8) }

    private let root: String
    private let ignored: IgnoreMatcher
    private let leftOut: Set<[UInt8]>
    private let threads: Int

    /// - Parameters:
    ///   - root: Absolute path of the folder to begin in; it may be a symbolic link itself.
    ///   - ignored: What is left out.
    ///   - leftOut: Relative paths of files that are left out too.
    ///   - threads: How many threads read folders.
    public init(
        root: String, ignored: IgnoreMatcher, leftOut: [String] = [], threads: Int = FolderWalk.threadsByDefault
    ) {
        self.leftOut = Set(leftOut.map { PathText.bytes($0) })
        self.root = root
        self.ignored = ignored
        self.threads = threads
    }

    /// Walks; blocks until all folders were read or `visit` said to stop.
    ///
    /// - Parameters:
    ///   - start: Relative path of the folder to begin in; empty for the root.
    ///   - entering: Called right before a folder is read, with its relative path; from several threads.
    ///   - visit: Called with what each folder holds, from several threads. False ends the walk.
    /// - Throws: `DiscoveryError` when the root or the first folder cannot be read.
    public func run(
        below start: String = "", entering: @Sendable (String) -> Void = { _ in },
        visit: @Sendable (FolderContents) -> Bool
    ) throws(DiscoveryError) -> Summary {
        let descriptor = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw DiscoveryError.system(root, errno) }
        defer { close(descriptor) }
        let reader = FolderReader(root: descriptor, rootPath: root, ignored: ignored, leftOut: leftOut)
        let first = PathText.bytes(start)
        let frontier = Frontier()
        entering(start)
        guard frontier.add(try reader.read(first), at: first, visit) else { return frontier.summary }
        DispatchQueue.concurrentPerform(iterations: threads) { _ in
            while let folder = frontier.next() {
                entering(PathText.text(folder))
                do throws(DiscoveryError) {
                    let finding = try reader.read(folder)
                    if !frontier.add(finding, at: folder, visit) { frontier.stop() }
                } catch {
                    frontier.failed(folder, error)
                }
                frontier.done()
            }
        }
        return frontier.summary
    }
}

/// The folders that wait to be read, newest first so that few wait, and what was met so far.
private final class Frontier: Sendable {
    private struct State {
        var waiting: [[UInt8]] = []
        var readers = 0
        var isStopped = false
        var summary = FolderWalk.Summary()

        mutating func note(_ problem: DiscoveryError) {
            if summary.problems.count < FolderWalk.problemsMax { summary.problems.append(problem) }
        }
    }

    private let state = Mutex(State())
    private let condition = NSCondition()

    var summary: FolderWalk.Summary { state.withLock { $0.summary } }

    /// The next folder to read; waits while others may still find some. Nil at the end.
    func next() -> [UInt8]? {
        condition.lock()
        defer { condition.unlock() }
        while true {
            let (folder, isOver) = state.withLock { state -> ([UInt8]?, Bool) in
                if state.isStopped { return (nil, true) }
                guard let folder = state.waiting.popLast() else { return (nil, state.readers == 0) }
                state.readers += 1
                return (folder, false)
            }
            if folder != nil || isOver { return folder }
            condition.wait()
        }
    }

    /// False if the visitor wants no more.
    func add(_ finding: FolderReader.Finding, at path: [UInt8], _ visit: (FolderContents) -> Bool) -> Bool {
        let isWanted = visit(finding.contents)
        let prefix = path.isEmpty ? [] : path + [UInt8(ascii: "/")]
        state.withLock { state in
            state.summary.folders += 1
            state.summary.links += finding.links
            for problem in finding.problems { state.note(problem) }
            state.waiting.append(contentsOf: finding.folders.map { prefix + $0 })
        }
        if !finding.folders.isEmpty { wakeAll() }
        return isWanted
    }

    func failed(_ path: [UInt8], _ problem: DiscoveryError) {
        if problem.isGone { return }
        state.withLock { state in
            state.note(problem)
            state.summary.unreadable.append(PathText.text(path))
        }
    }

    func done() {
        let isLast = state.withLock { state in
            state.readers -= 1
            return state.readers == 0
        }
        if isLast { wakeAll() }
    }

    func stop() {
        state.withLock { $0.isStopped = true }
        wakeAll()
    }

    private func wakeAll() {
        condition.lock()
        condition.broadcast()
        condition.unlock()
    }
}
