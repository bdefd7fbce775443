/// Moments for many keys at once: a ring of slots, each for one tick, that keys are put into and fall out of.
///
/// Setting, moving and dropping a key take constant time, so that a hundred thousand files that are being written cost one
/// timer. Ticks are whatever the caller counts, from 0.
public struct TimerWheel<Key: Hashable & Sendable>: Sendable {
    private var slots: [Set<Key>]
    private var dueByKey: [Key: Int64] = [:]
    /// All that was due before this has been handed out.
    private var now: Int64

    /// - Parameters:
    ///   - slots: How many ticks the ring has; what is due later waits for as many rounds as it takes.
    ///   - now: The tick to begin at.
    public init(slots: Int = 512, now: Int64 = 0) {
        self.slots = Array(repeating: [], count: max(slots, 1))
        self.now = now
    }

    public var count: Int { dueByKey.count }

    /// When a key is due; nil if it is not set.
    public func due(_ key: Key) -> Int64? { dueByKey[key] }

    /// Sets a key, or moves it. What is due in the past is due at once.
    public mutating func set(_ key: Key, due: Int64) {
        remove(key)
        let due = max(due, now)
        dueByKey[key] = due
        slots[slot(due)].insert(key)
    }

    public mutating func remove(_ key: Key) {
        guard let due = dueByKey.removeValue(forKey: key) else { return }
        slots[slot(due)].remove(key)
    }

    /// The keys that are due at a tick or before it, in no order; they are set no more.
    public mutating func advance(to tick: Int64) -> [Key] {
        guard tick >= now else { return [] }
        var expired: [Key] = []
        // After a whole round every slot has been looked into.
        for offset in 0..<min(tick - now + 1, Int64(slots.count)) {
            let index = slot(now + offset)
            for key in slots[index] where dueByKey[key]! <= tick { expired.append(key) }
        }
        for key in expired { remove(key) }
        now = tick
        return expired
    }

    /// When to advance next; nil if nothing is set. It may be too early for what is rounds away, never too late.
    public var next: Int64? {
        if dueByKey.isEmpty { return nil }
        for offset in 0..<Int64(slots.count) where !slots[slot(now + offset)].isEmpty { return now + offset }
        return now
    }

    private func slot(_ tick: Int64) -> Int { Int(tick % Int64(slots.count)) }
}
