import CasparianModel
import Synchronization

/// Which member of a group owns a plugin name; filled by discovery.
final class OwnerTable: Sendable {
    private let owner = Mutex<[String: Int]>([:])
    func set(_ table: [String: Int]) { owner.withLock { $0 = table } }
    func index(of plugin: String) -> Int? { owner.withLock { $0[plugin] } }
}

/// One slot of each member; a job runs on the slot of the member that owns its plugin.
final class GroupSlot: PluginSlot {
    private let slots: [any PluginSlot]
    private let owners: OwnerTable

    init(slots: [any PluginSlot], owners: OwnerTable) {
        self.slots = slots
        self.owners = owners
    }

    func run(_ invocation: PluginInvocation, output: any PluginOutput) throws {
        guard let index = owners.index(of: invocation.pluginName) else {
            throw PluginError(
                code: .unknownPlugin, plugin: invocation.pluginName,
                message:
                    "this worker has no plugin of that name; put \(invocation.pluginName).py into its plugins folder")
        }
        try slots[index].run(invocation, output: output)
    }

    func reportsContentHash(of plugin: String) -> Bool {
        owners.index(of: plugin).map { slots[$0].reportsContentHash(of: plugin) } ?? false
    }

    func mayReject(_ plugin: String) -> Bool {
        owners.index(of: plugin).map { slots[$0].mayReject(plugin) } ?? false
    }

    func edition(of plugin: String) -> PluginEdition? {
        owners.index(of: plugin).flatMap { slots[$0].edition(of: plugin) }
    }

    func cancel() { for slot in slots { slot.cancel() } }
    func shutDown() { for slot in slots { slot.shutDown() } }
}
