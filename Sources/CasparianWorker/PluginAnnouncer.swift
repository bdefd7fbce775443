import CasparianModel
import CasparianWire
import Logging

/// Tells the log what becomes of a worker's plugins.
struct PluginAnnouncer {
    private let logger: Logger
    private var known: [String: PluginDescription] = [:]

    init(logger: Logger, _ plugins: [PluginDescription]) {
        self.logger = logger
        for plugin in plugins where plugin.loadError != nil || plugin.notice != nil { tell(plugin, nil) }
        known = Self.table(plugins)
    }

    /// Everything that is offered now.
    mutating func note(_ plugins: [PluginDescription]) {
        for plugin in plugins where known[plugin.name] != plugin { tell(plugin, known[plugin.name]) }
        let names = Set(plugins.map(\.name))
        for name in known.keys.sorted() where !names.contains(name) {
            logger.info("plugin is gone", metadata: ["plugin": "\(name)"])
        }
        known = Self.table(plugins)
    }

    private static func table(_ plugins: [PluginDescription]) -> [String: PluginDescription] {
        Dictionary(plugins.map { ($0.name, $0) }) { first, _ in first }
    }

    private func tell(_ plugin: PluginDescription, _ former: PluginDescription?) {
        var metadata: Logger.Metadata = ["plugin": "\(plugin.name)"]
        if let hash = plugin.contentHash { metadata["source"] = "\(hash.prefix(12))" }
        if let error = plugin.loadError {
            metadata["reason"] = "\(error)"
            logger.warning("plugin cannot be loaded", metadata: metadata)
        } else if let notice = plugin.notice {
            metadata["reason"] = "\(notice.text)"
            switch notice.kind {
            case .building: logger.info("packages of a plugin are being installed", metadata: metadata)
            case .rejected:
                logger.warning(
                    "changed plugin cannot be loaded; its last good version goes on", metadata: metadata)
            }
        } else if former == nil {
            logger.info("plugin is new", metadata: metadata)
        } else if former?.contentHash != plugin.contentHash || former?.isOffered == false {
            logger.info("plugin has changed; new jobs run this version", metadata: metadata)
        }
    }
}

extension IdentifyPayload {
    /// Offers plugins; what cannot be loaded, or not yet, is told and not offered.
    mutating func offer(_ plugins: [PluginDescription]) {
        capabilities = plugins.filter(\.isOffered).map(\.name)
        self.plugins = plugins
    }
}
