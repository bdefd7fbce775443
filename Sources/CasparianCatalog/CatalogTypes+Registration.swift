import CasparianModel

/// A row of `cf_plugin_manifest`.
public struct PluginVersion: Hashable, Sendable {
    public var pluginName: String
    public var version: String
    public var sourceHash: String
    public var status: String
    public var validationError: String?
    public var created: Timestamp
    public init(
        pluginName: String, version: String, sourceHash: String, status: String, validationError: String?,
        created: Timestamp
    ) {
        self.pluginName = pluginName
        self.version = version
        self.sourceHash = sourceHash
        self.status = status
        self.validationError = validationError
        self.created = created
    }
}

/// What a registration changed.
public struct RegistrationResult: Hashable, Sendable {
    /// Plugins that were new or had a new version.
    public var changedPlugins: [String]
    /// Rules or subscriptions are not what they were: route known files again.
    public var routingChanged: Bool
    public init(changedPlugins: [String] = [], routingChanged: Bool = false) {
        self.changedPlugins = changedPlugins
        self.routingChanged = routingChanged
    }
}
