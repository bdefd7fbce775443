import CasparianModel

extension MemoryState: RegistrationStore {
    func origin(of key: DeclaredKey) -> ConfigurationOrigin? { origins[key] }

    mutating func setOrigin(_ origin: ConfigurationOrigin?, of key: DeclaredKey) { origins[key] = origin }

    func declaredTopics(of plugin: String) -> [String] {
        origins.filter { $0.key.plugin == plugin && $0.key.kind == .topic && $0.value != .person }.map(\.key.name)
    }

    func deployment(of plugin: String) -> PluginVersion? { deployments[plugin] }

    mutating func setDeployment(_ version: PluginVersion) { deployments[version.pluginName] = version }

    mutating func recordManifest(_ version: PluginVersion, source: String?) {
        guard let index = manifests.firstIndex(where: { $0.sourceHash == version.sourceHash }) else {
            manifests.append(version)
            return
        }
        guard manifests[index].pluginName == version.pluginName else { return }
        manifests[index].version = version.version
        manifests[index].status = version.status
        manifests[index].validationError = version.validationError
    }

    func subscriptionTags(of plugin: String) -> [String]? { plugins[plugin]?.subscriptionTags }

    mutating func setSubscriptionTags(_ tags: [String], of plugin: String) {
        plugins[plugin, default: PluginConfig(pluginName: plugin)].subscriptionTags = tags
    }

    func rules(tag: String) -> [RoutingRule] { rules.filter { $0.tag == tag } }

    mutating func insertRule(pattern: String, tag: String, priority: Int) {
        rules.append(RoutingRule(id: nextID(), pattern: pattern, tag: tag, priority: priority))
    }

    mutating func updateRule(_ id: RuleID, pattern: String, priority: Int) {
        guard let index = rules.firstIndex(where: { $0.id == id }) else { return }
        rules[index].pattern = pattern
        rules[index].priority = priority
    }

    mutating func deleteRule(_ id: RuleID) { rules.removeAll { $0.id == id } }

    func topics(plugin: String, topic: String) -> [TopicConfig] {
        topicRows.filter { $0.pluginName == plugin && $0.sink.topic == topic }
    }

    mutating func insertTopic(_ sink: SinkConfig, of plugin: String) {
        topicRows.append(TopicConfig(id: nextID(), pluginName: plugin, sink: sink))
    }

    mutating func updateTopic(_ id: RuleID, sink: SinkConfig) {
        guard let index = topicRows.firstIndex(where: { $0.id == id }) else { return }
        topicRows[index].sink = sink
    }

    mutating func deleteTopic(_ id: RuleID) { topicRows.removeAll { $0.id == id } }
}
