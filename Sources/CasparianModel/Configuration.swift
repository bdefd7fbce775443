/// A row of `cf_source_root`.
public struct SourceRoot: Hashable, Sendable {
    public var id: SourceRootID
    /// Absolute path without a trailing slash.
    public var path: String
    public var type: String
    public var isActive: Bool

    public init(id: SourceRootID, path: String, type: String = "local", isActive: Bool = true) {
        self.id = id
        self.path = path
        self.type = type
        self.isActive = isActive
    }
}

/// A row of `cf_ignore_rule`: files that match are not looked at.
public struct IgnoreRule: Hashable, Sendable {
    public var id: RuleID
    /// Nil applies to every root.
    public var sourceRootID: SourceRootID?
    public var pattern: String
    public var isActive: Bool

    public init(id: RuleID, sourceRootID: SourceRootID? = nil, pattern: String, isActive: Bool = true) {
        self.id = id
        self.sourceRootID = sourceRootID
        self.pattern = pattern
        self.isActive = isActive
    }
}

/// A row of `cf_routing_rule`: files that match get the tag.
public struct RoutingRule: Hashable, Sendable {
    public var id: RuleID
    public var pattern: String
    public var tag: String
    public var priority: Int

    public init(id: RuleID, pattern: String, tag: String, priority: Int = 0) {
        self.id = id
        self.pattern = pattern
        self.tag = tag
        self.priority = priority
    }
}

/// A row of `cf_plugin_config`: which tags a plugin wants, and its parameters.
public struct PluginConfig: Hashable, Sendable {
    public var pluginName: String
    public var subscriptionTags: [String]
    /// JSON object text, or nil.
    public var defaultParameters: String?

    public init(pluginName: String, subscriptionTags: [String] = [], defaultParameters: String? = nil) {
        self.pluginName = pluginName
        self.subscriptionTags = subscriptionTags
        self.defaultParameters = defaultParameters
    }
}

/// A row of `cf_topic_config`.
public struct TopicConfig: Hashable, Sendable {
    public var id: RuleID
    public var pluginName: String
    public var sink: SinkConfig

    public init(id: RuleID, pluginName: String, sink: SinkConfig) {
        self.id = id
        self.pluginName = pluginName
        self.sink = sink
    }
}

/// A plugin of which nothing begins for a while, since its jobs failed one after the other.
public struct PluginPause: Hashable, Sendable {
    public var pluginName: String
    public var until: Timestamp
    /// Jobs in a row.
    public var failures: Int
    /// The last line of the last one's error.
    public var reason: String

    public init(pluginName: String, until: Timestamp, failures: Int, reason: String) {
        self.pluginName = pluginName
        self.until = until
        self.failures = failures
        self.reason = reason
    }
}

/// What a plugin does with content that it was given at another place.
public enum DuplicateContent: String, Hashable, Sendable, CaseIterable {
    /// Every place's file is processed.
    case process
    /// A file is left alone while a job for another one with the same content waits, runs or has been completed.
    case skip
}

/// What one attempt of a plugin may take of the machine; nil is as much as there is.
public struct ResourceLimits: Hashable, Sendable {
    /// Memory in MiB that it may allocate beside what its process holds when the attempt begins.
    public var memoryMebibytes: Int?
    /// Processor time in seconds, of all threads of its process together.
    public var cpuSeconds: Int?
    /// Processes at once, its own one among them.
    public var processes: Int?

    /// Descriptors that a process of it may have open at once.
    public var openFiles: Int?
    /// It may use the network, where a worker would keep it from that.
    public var allowsNetwork: Bool

    /// Whether any of it bounds the plugin's process.
    public var boundsProcess: Bool {
        memoryMebibytes != nil || cpuSeconds != nil || processes != nil || openFiles != nil
    }

    public init(
        memoryMebibytes: Int? = nil, cpuSeconds: Int? = nil, processes: Int? = nil, openFiles: Int? = nil,
        allowsNetwork: Bool = false
    ) {
        self.openFiles = openFiles
        self.allowsNetwork = allowsNetwork
        self.memoryMebibytes = memoryMebibytes
        self.cpuSeconds = cpuSeconds
        self.processes = processes
    }
}

/// What a person allows a plugin's jobs; nil is the system's default.
public struct PluginLimits: Hashable, Sendable {
    /// Longest wall time of an attempt.
    public var deadlineSeconds: Int?
    /// Jobs at once, over all workers.
    public var concurrency: Int?
    /// Attempts, the first one included, of a job that fails for reasons that may pass.
    public var attemptsMax: Int?
    /// An error that the plugin raises is such a reason.
    public var retriesFailures: Bool
    /// Whether content is given to it once for each place that has it.
    public var duplicateContent: DuplicateContent
    /// What an attempt may take of the machine.
    public var resources: ResourceLimits

    public init(
        deadlineSeconds: Int? = nil, concurrency: Int? = nil, attemptsMax: Int? = nil, retriesFailures: Bool = false,
        duplicateContent: DuplicateContent = .process, resources: ResourceLimits = ResourceLimits()
    ) {
        self.duplicateContent = duplicateContent
        self.resources = resources
        self.deadlineSeconds = deadlineSeconds
        self.concurrency = concurrency
        self.attemptsMax = attemptsMax
        self.retriesFailures = retriesFailures
    }
}
