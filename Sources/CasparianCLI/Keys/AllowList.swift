import Foundation
import Logging
import Synchronization
import ZeroMQTransport

/// The keys that may connect as of now: the folder is read again when it changed, and once in a second.
final class AllowList: Sendable {
    private struct State {
        var keys: Set<CurvePublicKey> = []
        var problems: [String] = []
        var readAt: ContinuousClock.Instant?
        var folderChanged: [Int] = []
    }

    private let allowed: AllowedKeys
    private let own: CurvePublicKey?
    private let logger: Logger
    private let state = Mutex(State())

    static let ageMax = Duration.seconds(1)

    /// - Parameter own: A key of this process, which is allowed too.
    init(_ allowed: AllowedKeys, own: CurvePublicKey?, logger: Logger) {
        self.allowed = allowed
        self.own = own
        self.logger = logger
    }

    func contains(_ key: CurvePublicKey) -> Bool {
        if key == own { return true }
        return state.withLock { state in
            refresh(&state)
            return state.keys.contains(key)
        }
    }

    private func refresh(_ state: inout State) {
        let now = ContinuousClock.now
        // A file that is changed in place leaves its folder as it is.
        if let readAt = state.readAt, now - readAt < Self.ageMax, folderChanged() == state.folderChanged { return }
        state.folderChanged = folderChanged()
        state.readAt = now
        let (keys, problems) = allowed.readable()
        state.keys = keys
        if problems != state.problems {
            for problem in problems { logger.warning("worker key cannot be used", metadata: ["reason": "\(problem)"]) }
        }
        state.problems = problems
    }

    private func folderChanged() -> [Int] {
        var status = stat()
        guard stat(allowed.folder, &status) == 0 else { return [] }
        return [Int(status.st_ino), status.st_mtim.tv_sec, status.st_mtim.tv_nsec]
    }
}
