import CasparianModel

/// A waiting job as the claim sees it; the best comes first.
package struct JobCandidate: Hashable, Comparable, Sendable {
    package let id: JobID
    package let priority: Int

    package init(id: JobID, priority: Int) {
        self.id = id
        self.priority = priority
    }

    package static func < (left: JobCandidate, right: JobCandidate) -> Bool {
        left.priority != right.priority ? left.priority > right.priority : left.id < right.id
    }
}

/// Hands waiting jobs to claimants: each in its turn takes the best job that it can run, so that a claimant that asks for
/// many leaves the others theirs. The highest priority comes first; among plugins of the same priority those take turns,
/// and of one plugin's jobs the lowest id comes first.
package struct ClaimRound {
    package struct Assignment {
        package let seat: Int
        package let plugin: String
        package let candidate: JobCandidate
    }

    private struct Seat {
        var remaining: Int
        let plugins: [String]
    }

    private struct Line {
        var page: [JobCandidate] = []
        var position = 0
        var isExhausted = false
    }

    /// Jobs of one plugin read ahead.
    package static let pageSize = 64

    private var seats: [Seat]
    private var lines: [String: Line] = [:]
    /// Jobs that plugins with a limit may begin.
    private var rooms: [String: Int]
    private let turns: PluginTurns
    private var turn = 0
    /// Seats that found no job although they had room.
    package private(set) var hasIdleSeat = false

    /// - Parameters:
    ///   - rooms: Jobs that plugins with a limit may begin beside those that run; others have no limit.
    ///   - turns: Kept from one round to the next.
    package init(_ claims: [Claim], rooms: [String: Int], turns: PluginTurns) {
        self.rooms = rooms
        self.turns = turns
        seats = claims.map { Seat(remaining: max(0, $0.count), plugins: Array(Set($0.plugins)).sorted()) }
    }

    /// The next job to hand out, or nil when nobody can take one.
    ///
    /// - Parameter fetch: Up to `pageSize` jobs of a plugin that come after the given one, best first.
    package mutating func next(
        fetch: (_ plugin: String, _ after: JobCandidate?) throws -> [JobCandidate]
    ) rethrows -> Assignment? {
        for _ in seats.indices {
            let index = turn
            turn = (turn + 1) % seats.count
            guard seats[index].remaining > 0 else { continue }
            if let (plugin, candidate) = try best(of: seats[index].plugins, fetch: fetch) {
                lines[plugin]?.position += 1
                rooms[plugin]? -= 1
                turns.take(plugin)
                seats[index].remaining -= 1
                return Assignment(seat: index, plugin: plugin, candidate: candidate)
            }
            seats[index].remaining = 0
            hasIdleSeat = true
        }
        return nil
    }

    /// The job turned out to be gone: its claimant is next again.
    package mutating func giveBack(_ assignment: Assignment) {
        seats[assignment.seat].remaining += 1
        rooms[assignment.plugin]? += 1
        turns.giveBack(assignment.plugin)
        turn = assignment.seat
    }

    private mutating func best(
        of plugins: [String], fetch: (String, JobCandidate?) throws -> [JobCandidate]
    ) rethrows -> (String, JobCandidate)? {
        var found: (String, JobCandidate)?
        for plugin in plugins where rooms[plugin, default: 1] > 0 {
            guard let head = try head(of: plugin, fetch: fetch) else { continue }
            if let best = found, !comesBefore(plugin, head, best) { continue }
            found = (plugin, head)
        }
        return found
    }

    private func comesBefore(_ plugin: String, _ head: JobCandidate, _ best: (String, JobCandidate)) -> Bool {
        if head.priority != best.1.priority { return head.priority > best.1.priority }
        let (own, other) = (turns.position(of: plugin), turns.position(of: best.0))
        return own != other ? own < other : head < best.1
    }

    private mutating func head(
        of plugin: String, fetch: (String, JobCandidate?) throws -> [JobCandidate]
    ) rethrows -> JobCandidate? {
        var line = lines[plugin] ?? Line()
        if line.position == line.page.count, !line.isExhausted {
            line.page = try fetch(plugin, line.page.last)
            line.position = 0
            line.isExhausted = line.page.isEmpty
            lines[plugin] = line
        }
        return line.position < line.page.count ? line.page[line.position] : nil
    }
}
