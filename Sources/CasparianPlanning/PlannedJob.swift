import CasparianModel

/// A job that would be queued, and why.
public struct PlannedJob: Hashable, Sendable {
    /// What makes it necessary.
    public enum Reason: String, Hashable, Sendable, CaseIterable {
        /// Nobody knew the file.
        case newFile = "new_file"
        /// The plugin has been given this file with other content.
        case newContent = "new_content"
        /// The plugin has never been given this file, which was there before.
        case newPlugin = "new_plugin"
        /// It was done by another version of the plugin.
        case pluginChanged = "plugin_changed"
        /// It was done with other topics or parameters.
        case configurationChanged = "configuration_changed"
        /// Somebody wants it done again.
        case forced = "forced"

        /// In words.
        public var text: String { rawValue.replacing("_", with: " ") }
    }

    /// Absolute.
    public var path: String
    public var pluginName: String
    public var reason: Reason
    /// Nil for content that is not on record yet.
    public var fileVersionID: FileVersionID?
    public var priority: Int
    /// Of the content that would be processed.
    public var contentHash: String?

    public init(
        path: String, pluginName: String, reason: Reason, fileVersionID: FileVersionID?, priority: Int,
        contentHash: String? = nil
    ) {
        self.contentHash = contentHash
        self.path = path
        self.pluginName = pluginName
        self.reason = reason
        self.fileVersionID = fileVersionID
        self.priority = priority
    }
}
