import Synchronization

/// True the first time it is asked, on whatever thread.
final class Once: Sendable {
    private let isDone = Atomic(false)
    func first() -> Bool { !isDone.exchange(true, ordering: .acquiringAndReleasing) }
}
