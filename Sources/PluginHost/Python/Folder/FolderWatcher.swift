import CasparianModel
import Foundation
import Synchronization

/// Two threads that keep a folder of plugins up to date: one sees what changes, one builds environments.
final class FolderWatcher: Sendable {
    /// Between two looks. A change counts when the second look finds it as the first one did. Looked at instead of
    /// listened to, since folders of plugins lie on network file systems too, which tell nobody.
    private static let interval = DispatchTimeInterval.milliseconds(500)

    private let folder: PluginFolder
    private let continuation: AsyncStream<[PluginDescription]>.Continuation
    private let isEnded = Atomic(false)
    private let wakeup = DispatchSemaphore(value: 0)
    private let buildsWanted = DispatchSemaphore(value: 0)

    /// What the folder offers, each time that this has changed.
    static func changes(of folder: PluginFolder) -> AsyncStream<[PluginDescription]> {
        // Only what is offered now is worth knowing.
        let (stream, continuation) = AsyncStream.makeStream(
            of: [PluginDescription].self, bufferingPolicy: .bufferingNewest(1))
        let watcher = FolderWatcher(folder, continuation)
        continuation.onTermination = { _ in watcher.end() }
        watcher.start()
        return stream
    }

    private init(_ folder: PluginFolder, _ continuation: AsyncStream<[PluginDescription]>.Continuation) {
        self.folder = folder
        self.continuation = continuation
    }

    private func start() {
        run("plugins") { [self] in
            while wakeup.wait(timeout: .now() + Self.interval) == .timedOut, !hasEnded {
                guard folder.readChanges() else { continue }
                tell()
                buildsWanted.signal()
            }
        }
        run("environments") { [self] in
            repeat {
                while !hasEnded, folder.buildNext(onChange: tell) {}
                buildsWanted.wait()
            } while !hasEnded
        }
    }

    private func run(_ name: String, _ body: @escaping @Sendable () -> Void) {
        let thread = Thread(block: body)
        thread.name = name
        thread.start()
    }

    private var hasEnded: Bool { isEnded.load(ordering: .acquiring) }

    private func tell() { continuation.yield(folder.plugins) }

    private func end() {
        isEnded.store(true, ordering: .releasing)
        folder.buildStop.stop()
        wakeup.signal()
        buildsWanted.signal()
    }
}
