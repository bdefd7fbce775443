import Synchronization

/// Raised once, seen by everyone.
public final class Flag: Sendable {
    private let value = Atomic(false)
    public init() {}

    public var isRaised: Bool { value.load(ordering: .acquiring) }
    public func raise() { value.store(true, ordering: .releasing) }
}
