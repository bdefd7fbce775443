import CasparianModel

/// Where the rows that a job promoted come from: what exactly-once and the modes `replace` and `error` go by.
public struct RowOrigin: Hashable, Codable, Sendable {
    public var jobID: JobID
    public var fileVersionID: FileVersionID
    public var plugin: String
    /// As the plugin's manifest has it, where it is known. Told, not gone by.
    public var pluginVersion: String?
    /// SHA-256 in hex of the plugin's source, where it is known. Told, not gone by.
    public var pluginHash: String?
    public var topic: String
    /// Path of the source file.
    public var file: String
    /// SHA-256 of the source file's content, where it is known.
    public var contentHash: ContentHash?

    enum CodingKeys: String, CodingKey {
        case jobID = "job_id"
        case fileVersionID = "file_version_id"
        case plugin
        case pluginVersion = "plugin_version"
        case pluginHash = "plugin_hash"
        case topic, file
        case contentHash = "content_hash"
    }

    /// From what a ledger or a file says.
    public init(
        jobID: JobID, fileVersionID: FileVersionID, plugin: String, topic: String, file: String,
        contentHash: ContentHash?
    ) {
        self.jobID = jobID
        self.fileVersionID = fileVersionID
        self.plugin = plugin
        self.topic = topic
        self.file = file
        self.contentHash = contentHash
    }

    public init(_ request: SinkRequest) {
        jobID = request.jobID
        fileVersionID = request.fileVersionID
        plugin = request.pluginName
        pluginVersion = request.pluginVersion
        pluginHash = request.pluginHash
        topic = request.topic
        file = request.filePath
        contentHash = request.contentHash
    }

    /// Whether both are what the same plugin made for the same topic of a file at the same place.
    public func isSameLocation(as other: RowOrigin) -> Bool {
        // Byte by byte: two file names can be equal as texts and be two files.
        plugin == other.plugin && topic == other.topic && file.utf8.elementsEqual(other.file.utf8)
    }

    /// Whether both are of one job: its id is the same, and what it read.
    public func isSameJob(as other: RowOrigin) -> Bool {
        guard jobID == other.jobID, fileVersionID == other.fileVersionID, isSameLocation(as: other) else {
            return false
        }
        guard let own = contentHash, let theirs = other.contentHash else { return true }
        return own == theirs
    }
}

extension SinkRequest {
    /// Decides by the request's mode whether its rows may be promoted to a target, and which rows go then.
    ///
    /// - Parameter present: Origins of what the target holds.
    /// - Returns: Those whose rows the promotion takes the place of.
    /// - Throws: `SinkError` with `.rejected`.
    public func replaced(among present: [RowOrigin]) throws(SinkError) -> [RowOrigin] {
        let own = RowOrigin(self)
        let others = present.filter { $0.isSameLocation(as: own) && $0.jobID != jobID }
        switch mode {
        case .append: return []
        case .error:
            guard let other = others.first else { return [] }
            throw SinkError(
                code: .rejected, target: uri.description,
                message: "mode=error, and topic '\(topic)' of \(filePath) has rows there already, from job "
                    + "\(other.jobID); remove them, or change the topic's mode to replace or append")
        case .replace:
            // Not the greater version: content that came back has its old version, and a later job.
            let newer = others.first { $0.jobID > jobID && $0.fileVersionID != fileVersionID }
            guard let newer else { return others }
            throw SinkError(
                code: .rejected, target: uri.description,
                message: "mode=replace, and a newer version of \(filePath) has its rows there already, from job "
                    + "\(newer.jobID); this older one does not take their place")
        }
    }

    /// Checks that rows which are there under this job's id are this job's: of an attempt that did not live to tell.
    ///
    /// A state database that was made anew counts its jobs from 1 again. A run without one does so every time and knows
    /// no versions (0), so nothing says that two of its jobs are the same.
    ///
    /// - Parameters:
    ///   - present: What the rows say; nil if they say nothing.
    ///   - place: Where they are, for the message.
    /// - Throws: `SinkError` with `.rejected`.
    public func checkOwn(_ present: RowOrigin?, at place: String) throws(SinkError) {
        if let present, fileVersionID != 0, present.isSameJob(as: RowOrigin(self)) { return }
        let whose = present.map { "of another job \($0.jobID), from topic '\($0.topic)' of \($0.file)" }
        throw SinkError(
            code: .rejected, target: place,
            message:
                "rows \(whose ?? "that this job did not write") are there already; move them away, or name another "
                + "output folder")
    }
}
