import Foundation
import Synchronization

/// Names a guest in the environment of its process, so that everything it starts can be told to be its own, also what
/// left its process group, its session and its parent.
struct GuestMark: Hashable {
    static let variable = "CASPARIAN_GUEST"

    /// `<owner>.<number>`; the owner is the process that started the guest.
    let text: String

    private static let count = Atomic(0)

    /// A new one, of this process.
    init() { text = "\(Self.owner).\(Self.count.add(1, ordering: .relaxed).newValue)" }

    /// The process, and in which numbering of processes.
    private static let owner: String = {
        "\(getpid())-\(ProcessEntry(pid: getpid())?.start ?? 0)-\(numbering)"
    }()

    /// The namespace of process numbers, such as a container's.
    private static let numbering: String = {
        let link = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/pid")) ?? "none"
        return link.filter(\.isNumber)
    }()

    /// Processes that guests started whose owner is gone without having ended them.
    static func orphans() -> [ProcessEntry] {
        ProcessEntry.all().filter { process in
            guard !process.isZombie, process.pid != getpid(), let mark = process.variable(variable) else {
                return false
            }
            return isAbandoned(mark)
        }
    }

    /// Whether the owner that a mark names is gone; false for one of another numbering.
    static func isAbandoned(_ mark: String) -> Bool {
        let owner = (mark.split(separator: ".").first ?? "").split(separator: "-")
        guard owner.count == 3, owner[2] == numbering, let pid = pid_t(owner[0]), let start = UInt64(owner[1])
        else { return false }
        guard let living = ProcessEntry(pid: pid) else { return true }
        return living.start != start || living.isZombie
    }
}
