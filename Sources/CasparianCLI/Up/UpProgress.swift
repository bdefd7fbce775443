import CasparianSentinel
import Synchronization

/// The progress line of `casparian up`.
final class UpProgress: Sendable {
    private struct State {
        var files = 0
        var waiting = 0
        var snapshot = SentinelSnapshot()
        var shownAt: ContinuousClock.Instant?
    }

    private let line = ProgressLine()
    private let state = Mutex(State())

    /// Shortest time between two writes.
    static let interval = Duration.milliseconds(100)

    func scanned(_ files: Int) { update { $0.files = files } }
    func waiting(_ jobs: Int) { update { $0.waiting = jobs } }
    func show(_ snapshot: SentinelSnapshot) { update { $0.snapshot = snapshot } }
    func clear() { line.clear() }

    private func update(_ change: (inout State) -> Void) {
        let text = state.withLock { state -> String? in
            change(&state)
            let now = ContinuousClock.now
            if let shownAt = state.shownAt, now - shownAt < Self.interval { return nil }
            state.shownAt = now
            var parts = ["\(state.snapshot.completed) done"]
            if state.files > 0 { parts.insert(Format.count(state.files, "file"), at: 0) }
            if state.snapshot.failed > 0 { parts.append("\(state.snapshot.failed) failed") }
            parts.append("\(state.snapshot.running) running")
            if state.waiting > 0 { parts.append("\(state.waiting) waiting") }
            return parts.joined(separator: ", ")
        }
        if let text { line.show(text) }
    }
}
