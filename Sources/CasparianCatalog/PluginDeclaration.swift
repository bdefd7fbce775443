import CasparianModel

/// The configuration that a plugin's manifest asks for (docs/catalog.md, "Manifests and people").
package struct PluginDeclaration: Hashable, Sendable {
    package let subscriptionTags: [String]
    /// Pattern and priority of the rule that leads to the plugin's own tag.
    package let rule: DeclaredRule?
    /// One sink for each topic, by topic name.
    package let sinks: [SinkConfig]

    package struct DeclaredRule: Hashable, Sendable {
        package var pattern: String
        package var priority: Int
    }

    package init(_ plugin: PluginDescription) {
        let manifest = plugin.manifest
        let autoTag = PluginDescription.autoTag(plugin.name)
        var tags: [String] = []
        for tag in manifest.subscriptions + [autoTag] where !tags.contains(tag) { tags.append(tag) }
        subscriptionTags = tags
        rule = manifest.pattern.map { DeclaredRule(pattern: $0, priority: manifest.priority) }
        var uris = manifest.sinks
        if let topic = manifest.topic, uris[SinkConfig.outputTopic] == nil {
            uris[SinkConfig.outputTopic] = "parquet://\(topic).parquet"
        }
        sinks = uris.sorted { $0.key < $1.key }.map { SinkConfig(topic: $0.key, uri: $0.value) }
    }

    /// Why the catalog cannot hold what the manifest declares, or nil.
    package static func problem(with plugin: PluginDescription) -> String? {
        if let pattern = plugin.manifest.pattern {
            do { try CatalogLimits.check(pattern: pattern) } catch { return "\(error)" }
        }
        for tag in plugin.manifest.subscriptions {
            do { try CatalogLimits.check(tag: tag) } catch { return "\(error)" }
        }
        for (topic, uri) in plugin.manifest.sinks where topic.isEmpty || uri.isEmpty {
            return "sinks: a topic and its URI must not be empty ('\(topic)': '\(uri)')"
        }
        return nil
    }
}
