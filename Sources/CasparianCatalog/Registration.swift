import CasparianModel

/// The rows that registration reads and writes, inside one transaction.
package protocol RegistrationStore {
    func origin(of key: DeclaredKey) throws -> ConfigurationOrigin?
    mutating func setOrigin(_ origin: ConfigurationOrigin?, of key: DeclaredKey) throws
    /// Topics that an earlier manifest of the plugin declared.
    func declaredTopics(of plugin: String) throws -> [String]

    /// The version of the plugin that was registered last.
    func deployment(of plugin: String) throws -> PluginVersion?
    mutating func setDeployment(_ version: PluginVersion) throws
    /// Inserts the manifest row, or updates state and missing source of the one with this hash. A row that another
    /// plugin with the same source owns stays as it is.
    mutating func recordManifest(_ version: PluginVersion, source: String?) throws

    /// Nil if the plugin has no configuration row.
    func subscriptionTags(of plugin: String) throws -> [String]?
    /// Inserts or updates the configuration row.
    mutating func setSubscriptionTags(_ tags: [String], of plugin: String) throws

    func rules(tag: String) throws -> [RoutingRule]
    mutating func insertRule(pattern: String, tag: String, priority: Int) throws
    mutating func updateRule(_ id: RuleID, pattern: String, priority: Int) throws
    mutating func deleteRule(_ id: RuleID) throws

    func topics(plugin: String, topic: String) throws -> [TopicConfig]
    mutating func insertTopic(_ sink: SinkConfig, of plugin: String) throws
    mutating func updateTopic(_ id: RuleID, sink: SinkConfig) throws
    mutating func deleteTopic(_ id: RuleID) throws
}

/// Writes what manifests declare; the same for every implementation.
package struct Registration<Store: RegistrationStore> {
    package var store: Store
    private let now: Timestamp
    private var result = RegistrationResult()

    package init(store: Store, now: Timestamp) {
        self.store = store
        self.now = now
    }

    package mutating func run(_ plugins: [PluginDescription]) throws -> RegistrationResult {
        for plugin in plugins { try register(plugin) }
        return result
    }

    private mutating func register(_ plugin: PluginDescription) throws {
        try CatalogLimits.check(name: plugin.name, of: "plugin name")
        guard let hash = plugin.contentHash else { return try ensureConfiguration(of: plugin) }
        if plugin.isBeingBuilt { return try noteBuilding(plugin, hash) }
        let problem = plugin.loadError ?? PluginDeclaration.problem(with: plugin)
        let version = PluginVersion(
            pluginName: plugin.name, version: plugin.manifest.version, sourceHash: hash,
            status: problem == nil ? PluginVersion.active : PluginVersion.failed, validationError: problem,
            created: now)
        var deployed = version
        if problem == nil { deployed.validationError = plugin.notice?.text }
        let isNew = try store.deployment(of: plugin.name).map { !$0.isSameState(as: deployed) } ?? true
        if isNew || plugin.source != nil { try store.recordManifest(version, source: plugin.source) }
        if isNew {
            try noteRejected(plugin)
            try store.setDeployment(deployed)
            result.changedPlugins.append(plugin.name)
        }
        // A plugin that does not load declares nothing; what its last good version declared stays.
        guard problem == nil else { return }
        let declaration = PluginDeclaration(plugin)
        try declareSubscriptions(declaration.subscriptionTags, of: plugin.name)
        try declareRule(declaration.rule, of: plugin.name)
        let earlier = try store.declaredTopics(of: plugin.name)
        for topic in Set(earlier + declaration.sinks.map(\.topic)).sorted() {
            try declareTopic(topic, sink: declaration.sinks.first { $0.topic == topic }, of: plugin.name)
        }
    }

    /// The version that waits is no version of the plugin yet.
    private mutating func noteBuilding(_ plugin: PluginDescription, _ hash: String) throws {
        let version = PluginVersion(
            pluginName: plugin.name, version: plugin.manifest.version, sourceHash: hash,
            status: PluginVersion.building, validationError: plugin.notice?.text, created: now)
        if try store.deployment(of: plugin.name)?.isSameState(as: version) == true { return }
        try store.setDeployment(version)
    }

    /// A newer version that cannot be loaded stands among the plugin's versions with the reason.
    private mutating func noteRejected(_ plugin: PluginDescription) throws {
        guard let notice = plugin.notice, notice.kind == .rejected else { return }
        try store.recordManifest(
            PluginVersion(
                pluginName: plugin.name, version: plugin.manifest.version, sourceHash: notice.contentHash,
                status: PluginVersion.failed, validationError: notice.text, created: now), source: nil)
    }

    /// A plain v4 worker only names its plugins: they get a row, so that jobs can refer to them, and nothing else.
    private mutating func ensureConfiguration(of plugin: PluginDescription) throws {
        guard try store.subscriptionTags(of: plugin.name) == nil else { return }
        try declareSubscriptions([PluginDescription.autoTag(plugin.name)], of: plugin.name)
        result.changedPlugins.append(plugin.name)
    }

    private mutating func declareSubscriptions(_ tags: [String], of plugin: String) throws {
        let key = DeclaredKey(plugin: plugin, kind: .subscriptions)
        let declared = TagList.text(tags)
        let existing = try store.subscriptionTags(of: plugin).map { [TagList.text($0)] } ?? []
        var step = DeclarationStep(origin: try store.origin(of: key), existing: existing, declared: declared)
        if existing.isEmpty { step = .write }
        switch step {
        case .leave, .remove, .forget: return
        case .adopt: break
        case .write:
            try store.setSubscriptionTags(tags, of: plugin)
            result.routingChanged = true
        }
        try store.setOrigin(.manifest(declared), of: key)
    }

    private mutating func declareRule(_ rule: PluginDeclaration.DeclaredRule?, of plugin: String) throws {
        let key = DeclaredKey(plugin: plugin, kind: .rule)
        let tag = PluginDescription.autoTag(plugin)
        let origin = try store.origin(of: key)
        let rows = try store.rules(tag: tag)
        // The rows that the origin's text speaks of; others with this tag are a person's own.
        var pattern = rule?.pattern
        if case .manifest(let earlier) = origin { pattern = RuleText.pattern(in: earlier) }
        let known = rows.filter { $0.pattern == pattern }
        let declared = rule.map { RuleText.text(pattern: $0.pattern, priority: $0.priority) }
        let step = DeclarationStep(
            origin: origin, existing: known.map { RuleText.text(pattern: $0.pattern, priority: $0.priority) },
            declared: declared)
        switch step {
        case .leave: return
        case .adopt: break
        case .forget: break
        case .remove:
            for row in known { try store.deleteRule(row.id) }
            result.routingChanged = true
        case .write:
            guard let rule else { return }
            try write(rule, tag: tag, over: known.first, among: rows)
            result.routingChanged = true
        }
        try store.setOrigin(declared.map { .manifest($0) }, of: key)
    }

    private mutating func write(
        _ rule: PluginDeclaration.DeclaredRule, tag: String, over old: RoutingRule?, among rows: [RoutingRule]
    ) throws {
        let isThere = rows.contains { $0.pattern == rule.pattern && $0.id != old?.id }
        switch (old, isThere) {
        case (let old?, false): try store.updateRule(old.id, pattern: rule.pattern, priority: rule.priority)
        case (let old?, true): try store.deleteRule(old.id)
        case (nil, false): try store.insertRule(pattern: rule.pattern, tag: tag, priority: rule.priority)
        case (nil, true): break
        }
    }

    private mutating func declareTopic(_ topic: String, sink: SinkConfig?, of plugin: String) throws {
        let key = DeclaredKey(plugin: plugin, kind: .topic, name: topic)
        let rows = try store.topics(plugin: plugin, topic: topic)
        let declared = sink.map(SinkText.text)
        let step = DeclarationStep(
            origin: try store.origin(of: key), existing: rows.map { SinkText.text($0.sink) }, declared: declared)
        switch step {
        case .leave: return
        case .adopt, .forget: break
        case .remove:
            for row in rows { try store.deleteTopic(row.id) }
        case .write:
            guard let sink else { return }
            if let row = rows.first {
                try store.updateTopic(row.id, sink: sink)
            } else {
                try store.insertTopic(sink, of: plugin)
            }
        }
        try store.setOrigin(declared.map { .manifest($0) }, of: key)
    }
}

/// A routing rule as one text: `<priority> <pattern>`.
enum RuleText {
    static func text(pattern: String, priority: Int) -> String { "\(priority) \(pattern)" }
    static func pattern(in text: String) -> String? {
        text.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false).dropFirst().first.map(String.init)
    }
}

/// A sink as one text: `<mode> <uri> <schema>`.
enum SinkText {
    static func text(_ sink: SinkConfig) -> String {
        ([sink.mode.rawValue, sink.uri] + (sink.schemaDefinition.map { [$0] } ?? [])).joined(separator: " ")
    }
}

extension PluginVersion {
    /// Words of `cf_plugin_manifest.status`.
    public static let active = "ACTIVE"
    public static let failed = "FAILED"
    /// Of `cf_plugin_deployment.status` only: what the plugin needs is being installed.
    public static let building = "BUILDING"

    func isSameState(as other: PluginVersion) -> Bool {
        sourceHash == other.sourceHash && version == other.version && status == other.status
            && validationError == other.validationError
    }
}

extension [PluginVersion] {
    /// Puts the version that each plugin runs now after its other ones, with what its deployment says of it.
    package func ordered(byDeployments deployments: [PluginVersion]) -> [PluginVersion] {
        let current = Dictionary(deployments.map { ($0.pluginName, $0.sourceHash) }) { _, last in last }
        return filter { current[$0.pluginName] != $0.sourceHash } + deployments
    }
}
