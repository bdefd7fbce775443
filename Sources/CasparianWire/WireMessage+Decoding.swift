import CasparianModel

extension WireMessage {
    static func decodeBody(_ operation: WireOperation, _ payload: [UInt8]) throws(WireError) -> Body {
        if operation == .abort && payload.isEmpty { return .abort }
        guard case .object(let fields) = try JSONValue(parsing: payload) else {
            throw WireError(code: .shape, message: "the payload is not a JSON object")
        }
        let reader = FieldReader(fields: fields)
        switch operation {
        case .abort: return .abort
        case .identify: return .identify(try identify(reader))
        case .dispatch: return .dispatch(try dispatch(reader))
        case .heartbeat: return .heartbeat(try heartbeat(reader))
        case .conclude: return .conclude(try conclude(reader))
        case .error:
            return .error(
                ErrorPayload(
                    message: try reader.string("message"), traceback: try reader.optionalString("traceback"),
                    code: try reader.optionalString("code"), sequence: try reader.optionalInteger("sequence"),
                    jobs: try reader.optionalIntegers("jobs")))
        }
    }

    private static func identify(_ reader: FieldReader) throws(WireError) -> IdentifyPayload {
        var payload = IdentifyPayload(
            capabilities: try reader.strings("capabilities"), workerID: try reader.optionalString("worker_id"))
        payload.protocolExtensions = try reader.optionalStrings("protocol_extensions") ?? []
        payload.slots = try reader.optionalCount("slots")
        payload.backlog = try reader.optionalCount("backlog")
        payload.host = try reader.optionalString("host")
        payload.pid = try reader.optionalInteger("pid")
        payload.version = try reader.optionalString("version")
        if let plugins = try reader.optionalObjects("plugins") {
            var described: [PluginDescription] = []
            for plugin in plugins { described.append(try Self.plugin(plugin)) }
            payload.plugins = described
        }
        return payload
    }

    private static func plugin(_ reader: FieldReader) throws(WireError) -> PluginDescription {
        var manifest = PluginManifest(version: try reader.optionalString("version") ?? "1.0.0")
        if case .object(let fields)? = reader.fields["manifest"] {
            let declared = FieldReader(fields: fields)
            manifest.pattern = try declared.optionalString("pattern")
            manifest.topic = try declared.optionalString("topic")
            manifest.priority = Int(try declared.optionalInteger("priority") ?? 50)
            manifest.subscriptions = try declared.optionalStrings("subscriptions") ?? []
            manifest.version = try declared.optionalString("version") ?? manifest.version
            manifest.description = try declared.optionalString("description")
            if case .object(let sinks)? = declared.fields["sinks"] {
                for (topic, uri) in sinks {
                    guard case .string(let uri) = uri else { throw declared.wrong("sinks", "texts") }
                    manifest.sinks[topic] = uri
                }
            }
        }
        return PluginDescription(
            name: try reader.string("name"), contentHash: try reader.optionalString("content_hash"), manifest: manifest,
            loadError: try reader.optionalString("load_error"), notice: try notice(reader))
    }

    /// Nil for a kind that a later version may have.
    private static func notice(_ reader: FieldReader) throws(WireError) -> PluginNotice? {
        guard case .object(let fields)? = reader.fields["notice"] else { return nil }
        let notice = FieldReader(fields: fields)
        guard let kind = PluginNotice.Kind(rawValue: try notice.string("kind")) else { return nil }
        return PluginNotice(kind, contentHash: try notice.string("content_hash"), text: try notice.string("text"))
    }

    private static func dispatch(_ reader: FieldReader) throws(WireError) -> DispatchPayload {
        var sinks: [SinkConfig] = []
        for sink in try reader.objects("sinks") {
            let mode = try sink.optionalString("mode") ?? SinkMode.append.rawValue
            guard let mode = SinkMode(rawValue: mode) else { throw sink.wrong("mode", "append, replace or error") }
            sinks.append(
                SinkConfig(
                    topic: try sink.string("topic"), uri: try sink.string("uri"), mode: mode,
                    schemaDefinition: try sink.optionalString("schema_def")))
        }
        var payload = DispatchPayload(
            pluginName: try reader.string("plugin_name"), filePath: try reader.string("file_path"), sinks: sinks,
            fileVersionID: try reader.integer("file_version_id"))
        payload.attempt = try reader.optionalCount("attempt")
        payload.leaseSeconds = try reader.optionalCount("lease_seconds")
        payload.deadlineSeconds = try reader.optionalCount("deadline_seconds")
        payload.resources = ResourceLimits(
            memoryMebibytes: try reader.optionalCount("memory_mib"),
            cpuSeconds: try reader.optionalCount("cpu_seconds"), processes: try reader.optionalCount("processes"),
            openFiles: try reader.optionalCount("open_files"), allowsNetwork: try reader.optionalFlag("network"))
        payload.contentHash = try reader.optionalString("content_hash")
        payload.parameters = try reader.optionalString("parameters")
        return payload
    }

    private static func heartbeat(_ reader: FieldReader) throws(WireError) -> HeartbeatPayload {
        guard let status = HeartbeatPayload.Status(rawValue: try reader.string("status")) else {
            throw reader.wrong("status", "IDLE or BUSY")
        }
        var payload = HeartbeatPayload(status: status, currentJobID: try reader.optionalInteger("current_job_id"))
        if case .array? = reader.fields["active_jobs"] {
            payload.activeJobs = try reader.optionalIntegers("active_jobs")
        }
        payload.sequence = try reader.optionalInteger("sequence")
        if let entries = try reader.optionalObjects("progress") {
            var progress: [HeartbeatPayload.Progress] = []
            for entry in entries {
                progress.append(
                    HeartbeatPayload.Progress(
                        jobID: try entry.integer("job_id"), rows: try entry.optionalInteger("rows") ?? 0,
                        bytes: try entry.optionalInteger("bytes") ?? 0))
            }
            payload.progress = progress
        }
        return payload
    }

    private static func conclude(_ reader: FieldReader) throws(WireError) -> JobReceipt {
        guard let status = JobReceipt.Status(rawValue: try reader.string("status")) else {
            throw reader.wrong("status", "SUCCESS or FAILED")
        }
        var metrics: [String: Int64] = [:]
        if let value = reader.fields["metrics"] {
            guard case .object(let fields) = value else { throw reader.wrong("metrics", "an object") }
            for (name, metric) in fields {
                guard case .integer(let number) = metric else { throw reader.wrong("metrics.\(name)", "an integer") }
                metrics[name] = number
            }
        }
        var artifacts: [Artifact] = []
        for artifact in try reader.objects("artifacts") {
            artifacts.append(
                Artifact(
                    topic: try artifact.string("topic"), uri: try artifact.string("uri"),
                    rows: try artifact.optionalString("rows").flatMap { Int64($0) },
                    sizeBytes: try artifact.optionalString("size_bytes").flatMap { Int64($0) },
                    contentHash: try artifact.optionalString("content_hash")))
        }
        return JobReceipt(
            status: status, metrics: metrics, artifacts: artifacts,
            errorMessage: try reader.optionalString("error_message"), attempt: try reader.optionalCount("attempt"),
            cause: try reader.optionalString("cause").flatMap(FailureCause.init(rawValue:)),
            exitSignal: try reader.optionalCount("exit_signal"), pluginHash: try reader.optionalString("plugin_hash"))
    }
}
