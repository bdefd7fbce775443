import CasparianModel
import Synchronization

/// Carries the result of hashing from one thread to another.
final class Outcome: Sendable {
    private let result = Mutex<Result<ContentHash, any Error>?>(nil)

    func set(_ value: Result<ContentHash, any Error>) { result.withLock { $0 = value } }

    /// Only after `set`.
    func get() throws -> ContentHash {
        guard let value = result.withLock({ $0 }) else { preconditionFailure("read before it was set") }
        return try value.get()
    }
}
