import Foundation

/// The processes that a guest has started: its descendants, and whatever carries its mark.
///
/// A child that called setsid is not in the guest's group, and one whose parent has ended is nobody's descendant. What
/// does both and takes the mark out of its environment too is not found.
struct GuestFamily {
    let leader: pid_t
    let mark: GuestMark
    /// Seen so far; parents may be gone by the time their children are looked for.
    private var known: [pid_t: UInt64] = [:]

    /// Longest time that processes which got SIGKILL are waited for.
    private static let endMax = Duration.seconds(2)
    private static let pauseMicroseconds: UInt32 = 2_000

    init(leader: pid_t, mark: GuestMark) {
        self.leader = leader
        self.mark = mark
    }

    /// Those that live now, without the leader.
    mutating func living() -> [ProcessEntry] {
        let all = ProcessEntry.all()
        let identities = Dictionary(all.map { ($0.pid, $0) }) { first, _ in first }
        var members = Set(known.filter { identities[$0.key]?.start == $0.value }.keys)
        members.insert(leader)
        for process in all where process.pid != getpid() && process.variable(GuestMark.variable) == mark.text {
            members.insert(process.pid)
        }
        // Children may stand before their parents in the list.
        var count = 0
        while count < members.count {
            count = members.count
            for process in all where members.contains(process.parent) { members.insert(process.pid) }
        }
        members.remove(leader)
        let found = members.compactMap { identities[$0] }.filter { !$0.isZombie }
        for process in found { known[process.pid] = process.start }
        return found
    }

    /// Signals those that live now and are not in the leader's group, which the kernel can signal as a whole.
    mutating func signalOutsideGroup(_ number: Int32) {
        for process in living() where getpgid(process.pid) != leader { process.signal(number) }
    }

    /// SIGKILL to all, until none is left.
    mutating func end() {
        let deadline = ContinuousClock.now + Self.endMax
        while true {
            let left = living()
            guard !left.isEmpty, ContinuousClock.now < deadline else { return }
            for process in left { process.signal(SIGKILL) }
            usleep(Self.pauseMicroseconds)
        }
    }
}
