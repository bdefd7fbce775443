import Synchronization

/// Whose turn it is among plugins whose best jobs have the same priority, so that one with many old jobs does not starve
/// one with few new ones (stride scheduling with equal strides). Kept over claims, in memory only.
package final class PluginTurns: Sendable {
    private struct State {
        /// Turns that each plugin has had.
        var taken: [String: Int64] = [:]
        /// As many has the one that was served last: a plugin that had nothing to do for long has not saved up turns.
        var current: Int64 = 0
    }

    private let state = Mutex(State())

    /// Plugins that are remembered; beyond that all are forgotten, which costs each a turn at most.
    private static let pluginsMax = 10_000

    package init() {}

    /// The lowest is next.
    package func position(of plugin: String) -> Int64 {
        state.withLock { max($0.taken[plugin] ?? 0, $0.current) }
    }

    package func take(_ plugin: String) {
        state.withLock { state in
            if state.taken.count >= Self.pluginsMax { state.taken.removeAll() }
            state.current = max(state.taken[plugin] ?? 0, state.current)
            state.taken[plugin] = state.current + 1
        }
    }

    /// The job turned out to be gone.
    package func giveBack(_ plugin: String) { state.withLock { $0.taken[plugin]? -= 1 } }
}
