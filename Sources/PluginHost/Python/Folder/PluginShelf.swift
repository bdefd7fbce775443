import CasparianModel
import Foundation
import Synchronization

/// The versions of plugins that jobs run: the newest good one of each, and former ones that a job may have been begun with.
final class PluginShelf: Sendable {
    struct Item: Sendable {
        var edition: PluginEdition
        /// The plugin's file, absolute.
        var path: String
        /// The bytes of it; nil of a program.
        var source: Data?
        var launch: PluginLaunch
    }

    /// A job takes its version's name a moment before it takes the version.
    private static let keptCount = 8

    /// By plugin, the newest last.
    private let items = Mutex<[String: [Item]]>([:])

    func put(_ item: Item, as plugin: String) {
        items.withLock { items in
            var kept = (items[plugin] ?? []).filter { $0.edition.contentHash != item.edition.contentHash }
            kept.append(item)
            items[plugin] = kept.suffix(Self.keptCount)
        }
    }

    /// - Parameter hash: Of the version's source; nil for the newest.
    /// - Returns: Nil if nobody put it there.
    func item(_ plugin: String, hash: String? = nil) -> Item? {
        items.withLock { items in
            guard let hash else { return items[plugin]?.last }
            return items[plugin]?.last { $0.edition.contentHash == hash }
        }
    }

    /// The newest version of every plugin.
    var newest: [String: Item] { items.withLock { $0.compactMapValues(\.last) } }

    func remove(_ plugin: String) { items.withLock { $0[plugin] = nil } }
}
