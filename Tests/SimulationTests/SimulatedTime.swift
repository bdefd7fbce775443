/// What happens when, on a clock that jumps from one event to the next.
struct Agenda<Event> {
    private struct Entry {
        var time: Duration
        var order: Int
        var event: Event
    }

    private var entries: [Entry] = []
    private var added = 0
    private(set) var now = Duration.zero

    /// Adds an event; those of one moment happen in the order they were added.
    mutating func add(_ event: Event, at time: Duration) {
        added += 1
        let entry = Entry(time: max(time, now), order: added, event: event)
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            // The next event stands last.
            if (entries[middle].time, entries[middle].order) > (entry.time, entry.order) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        entries.insert(entry, at: low)
    }

    /// The next event; nil after `end`.
    mutating func next(until end: Duration) -> Event? {
        guard let entry = entries.last, entry.time <= end else { return nil }
        entries.removeLast()
        now = entry.time
        return entry.event
    }
}
