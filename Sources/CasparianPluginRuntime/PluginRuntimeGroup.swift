import CasparianModel

/// Several runtimes as one; a name offered by two belongs to the first of them.
public struct PluginRuntimeGroup: PluginRuntime {
    private let members: [any PluginRuntime]
    private let owners: OwnerTable

    public init(_ members: [any PluginRuntime]) {
        self.members = members
        self.owners = OwnerTable()
    }

    public func discover() async throws -> [PluginDescription] {
        var found: [PluginDescription] = []
        var owner: [String: Int] = [:]
        for (index, member) in members.enumerated() {
            for plugin in try await member.discover() where owner[plugin.name] == nil {
                owner[plugin.name] = index
                found.append(plugin)
            }
        }
        owners.set(owner)
        return found.sorted { $0.name < $1.name }
    }

    public func cleanUp() -> [String] { members.flatMap { $0.cleanUp() } }

    public func makeSlot() -> any PluginSlot {
        GroupSlot(slots: members.map { $0.makeSlot() }, owners: owners)
    }
}
