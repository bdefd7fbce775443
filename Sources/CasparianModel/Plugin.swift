/// What a plugin declares about itself: the module-level `MANIFEST` (docs/plugin-guide.md gives names and defaults).
public struct PluginManifest: Hashable, Codable, Sendable {
    /// gitignore-style pattern of the files it wants.
    public var pattern: String?
    /// Name of the default Parquet output.
    public var topic: String?
    /// Priority of the routing rule made from `pattern`.
    public var priority: Int
    /// Tags it subscribes to.
    public var subscriptions: [String]
    /// Topic to sink URI.
    public var sinks: [String: String]
    public var version: String
    public var description: String?

    public init(
        pattern: String? = nil, topic: String? = nil, priority: Int = 50, subscriptions: [String] = [],
        sinks: [String: String] = [:], version: String = "1.0.0", description: String? = nil
    ) {
        self.pattern = pattern
        self.topic = topic
        self.priority = priority
        self.subscriptions = subscriptions
        self.sinks = sinks
        self.version = version
        self.description = description
    }

    enum CodingKeys: String, CodingKey {
        case pattern, topic, priority, subscriptions, sinks, version, description
    }

    /// Decodes with the defaults for whatever is missing or null.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            pattern: try values.decodeIfPresent(String.self, forKey: .pattern),
            topic: try values.decodeIfPresent(String.self, forKey: .topic),
            priority: try values.decodeIfPresent(Int.self, forKey: .priority) ?? 50,
            subscriptions: try values.decodeIfPresent([String].self, forKey: .subscriptions) ?? [],
            sinks: try values.decodeIfPresent([String: String].self, forKey: .sinks) ?? [:],
            version: try values.decodeIfPresent(String.self, forKey: .version) ?? "1.0.0",
            description: try values.decodeIfPresent(String.self, forKey: .description))
    }
}

/// A plugin that a worker offers: its entry in IDENTIFY's `plugins`.
public struct PluginDescription: Hashable, Sendable {
    public var name: String
    /// SHA-256 in hex of the plugin's source; the identity of this version. Nil for what a plain v4 worker names.
    public var contentHash: String?
    public var manifest: PluginManifest
    /// The source text, where it is at hand (`register` stores it; it does not travel on the wire).
    public var source: String?
    /// Why it cannot be loaded, or nil. A broken plugin is listed, never offered.
    public var loadError: String?
    /// What is the matter with a newer version of it than the one that is offered, or with its first one.
    public var notice: PluginNotice?

    public init(
        name: String, contentHash: String? = nil, manifest: PluginManifest = PluginManifest(), source: String? = nil,
        loadError: String? = nil, notice: PluginNotice? = nil
    ) {
        self.notice = notice
        self.name = name
        self.contentHash = contentHash
        self.manifest = manifest
        self.source = source
        self.loadError = loadError
    }

    /// Its environment is being built, and there is no earlier version: its jobs wait.
    public var isBeingBuilt: Bool {
        guard let notice else { return false }
        return notice.kind == .building && notice.contentHash == contentHash
    }

    /// Whether it can be given jobs.
    public var isOffered: Bool { loadError == nil && !isBeingBuilt }

    /// The tag that joins the plugin to the files its own pattern matches.
    public static func autoTag(_ plugin: String) -> String { "auto_" + plugin }
}

/// A version of a plugin that is not used, or not yet.
public struct PluginNotice: Hashable, Sendable {
    public enum Kind: String, Sendable {
        /// The packages that it names are being installed.
        case building
        /// It cannot be loaded; the last version that could goes on.
        case rejected
    }

    public var kind: Kind
    /// SHA-256 in hex of that version's source.
    public var contentHash: String
    /// For a person: how far it is, or what is wrong.
    public var text: String

    public init(_ kind: Kind, contentHash: String, text: String) {
        self.kind = kind
        self.contentHash = contentHash
        self.text = text
    }
}

/// The version of a plugin that a job runs.
public struct PluginEdition: Hashable, Sendable {
    /// As its manifest has it.
    public var version: String
    /// SHA-256 in hex of its source.
    public var contentHash: String

    public init(version: String, contentHash: String) {
        self.version = version
        self.contentHash = contentHash
    }
}
