import CasparianModel
import Synchronization

/// Several runtimes as one; a name offered by two belongs to the first of them.
public struct PluginRuntimeGroup: PluginRuntime {
    private let members: [any PluginRuntime]
    private let offers: GroupOffers

    public init(_ members: [any PluginRuntime]) {
        self.members = members
        self.offers = GroupOffers(count: members.count)
    }

    public func discover() async throws -> [PluginDescription] {
        for (index, member) in members.enumerated() { _ = offers.set(try await member.discover(), of: index) }
        return offers.merged
    }

    public func changes() -> AsyncStream<[PluginDescription]> {
        let (stream, continuation) = AsyncStream.makeStream(of: [PluginDescription].self)
        let task = Task { [members, offers] in
            await withTaskGroup(of: Void.self) { group in
                for (index, member) in members.enumerated() {
                    group.addTask {
                        for await offer in member.changes() { continuation.yield(offers.set(offer, of: index)) }
                    }
                }
            }
            continuation.finish()
        }
        continuation.onTermination = { _ in task.cancel() }
        return stream
    }

    public func cleanUp() -> [String] { members.flatMap { $0.cleanUp() } }

    public func makeSlot() -> any PluginSlot {
        GroupSlot(slots: members.map { $0.makeSlot() }, owners: offers.owners)
    }
}

/// What each member of a group offers, and who owns a name.
final class GroupOffers: Sendable {
    private let byMember: Mutex<[[PluginDescription]]>
    let owners = OwnerTable()

    init(count: Int) { byMember = Mutex(Array(repeating: [], count: count)) }

    /// - Returns: What all offer now.
    func set(_ offer: [PluginDescription], of member: Int) -> [PluginDescription] {
        byMember.withLock { lists in
            lists[member] = offer
            return merge(lists)
        }
    }

    var merged: [PluginDescription] { byMember.withLock { merge($0) } }

    private func merge(_ lists: [[PluginDescription]]) -> [PluginDescription] {
        var found: [PluginDescription] = []
        var owner: [String: Int] = [:]
        for (index, list) in lists.enumerated() {
            for plugin in list where owner[plugin.name] == nil {
                owner[plugin.name] = index
                found.append(plugin)
            }
        }
        owners.set(owner)
        return found.sorted { $0.name < $1.name }
    }
}
