/// What happens to rows that a target already holds.
public enum SinkMode: String, Codable, Sendable, CaseIterable {
    case append, replace, error
}

/// Where one topic's rows go: the `sinks` entries of a DISPATCH and one row of `cf_topic_config`.
public struct SinkConfig: Hashable, Codable, Sendable {
    public var topic: String
    /// `<scheme>://<place>?<options>`, see docs/sinks.md.
    public var uri: String
    public var mode: SinkMode
    /// A contract for the topic's columns (JSON text), or nil.
    public var schemaDefinition: String?

    public init(topic: String, uri: String, mode: SinkMode = .append, schemaDefinition: String? = nil) {
        self.topic = topic
        self.uri = uri
        self.mode = mode
        self.schemaDefinition = schemaDefinition
    }

    enum CodingKeys: String, CodingKey {
        case topic, uri, mode
        case schemaDefinition = "schema_def"
    }

    /// The topic that what a plugin returns or yields goes to.
    public static let outputTopic = "output"

    /// The sink of a topic that nobody configured: published data is never dropped.
    public static func fallback(plugin: String, topic: String) -> SinkConfig {
        SinkConfig(topic: topic, uri: "parquet://\(plugin)_\(topic).parquet")
    }
}
