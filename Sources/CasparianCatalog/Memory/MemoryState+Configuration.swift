import CasparianModel

extension MemoryState {
    mutating func addRoot(path: String) -> SourceRoot {
        if let index = roots.firstIndex(where: { $0.path == path }) {
            roots[index].isActive = true
            return roots[index]
        }
        roots.append(SourceRoot(id: nextID(), path: path))
        return roots[roots.count - 1]
    }

    mutating func removeRoot(path: String) -> Bool {
        guard let index = roots.firstIndex(where: { $0.path == path && $0.isActive }) else { return false }
        roots[index].isActive = false
        return true
    }

    mutating func addIgnore(pattern: String, root: SourceRootID?) throws -> IgnoreRule {
        if let root, !roots.contains(where: { $0.id == root }) { throw CatalogError.unknownRoot(root) }
        if let index = ignores.firstIndex(where: { $0.pattern == pattern && $0.sourceRootID == root }) {
            ignores[index].isActive = true
            return ignores[index]
        }
        ignores.append(IgnoreRule(id: nextID(), sourceRootID: root, pattern: pattern))
        return ignores[ignores.count - 1]
    }

    mutating func addRule(pattern: String, tag: String, priority: Int) -> RoutingRule {
        if let index = rules.firstIndex(where: { $0.pattern == pattern && $0.tag == tag }) {
            rules[index].priority = priority
            return rules[index]
        }
        rules.append(RoutingRule(id: nextID(), pattern: pattern, tag: tag, priority: priority))
        return rules[rules.count - 1]
    }

    mutating func setPlugin(_ config: PluginConfig) {
        let name = config.pluginName
        // Parameters are never declared; only other tags make the subscriptions a person's.
        if plugins[name]?.subscriptionTags != config.subscriptionTags {
            origins[DeclaredKey(plugin: name, kind: .subscriptions)] = .person
        }
        plugins[name] = config
    }

    mutating func removePlugin(_ name: String) throws -> Bool {
        guard plugins[name] != nil else { return false }
        if let job = jobs.values.first(where: { $0.pluginName == name }) {
            throw CatalogError.pluginInUse(name, job: job.id)
        }
        plugins[name] = nil
        deployments[name] = nil
        topicRows.removeAll { $0.pluginName == name }
        origins = origins.filter { $0.key.plugin != name }
        return true
    }

    mutating func setTopic(plugin: String, sink: SinkConfig, isAdditional: Bool) -> TopicConfig {
        if plugins[plugin] == nil {
            plugins[plugin] = PluginConfig(pluginName: plugin, subscriptionTags: [PluginDescription.autoTag(plugin)])
        }
        origins[DeclaredKey(plugin: plugin, kind: .topic, name: sink.topic)] = .person
        let isSameTopic = { (row: TopicConfig) in row.pluginName == plugin && row.sink.topic == sink.topic }
        let same = topicRows.first { isSameTopic($0) && $0.sink.uri == sink.uri }?.id
        if !isAdditional { topicRows.removeAll { isSameTopic($0) && $0.id != same } }
        let row = TopicConfig(id: same ?? nextID(), pluginName: plugin, sink: sink)
        if let index = topicRows.firstIndex(where: { $0.id == row.id }) {
            topicRows[index] = row
        } else {
            topicRows.append(row)
        }
        return row
    }

    mutating func removeTopic(plugin: String, topic: String) -> Bool {
        let count = topicRows.count
        topicRows.removeAll { $0.pluginName == plugin && $0.sink.topic == topic }
        // Without a person's value the manifest's counts again; a manifest's that a person removed stays away.
        let key = DeclaredKey(plugin: plugin, kind: .topic, name: topic)
        if origins[key] == .person { origins[key] = nil }
        return topicRows.count < count
    }
}
