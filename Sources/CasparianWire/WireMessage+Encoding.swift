import CasparianModel

extension WireMessage {
    func encodePayload() -> [UInt8] {
        var json = JSONWriter()
        switch body {
        case .abort: return []
        case .identify(let payload): json.object { Self.write(payload, to: &$0) }
        case .dispatch(let payload): json.object { Self.write(payload, to: &$0) }
        case .heartbeat(let payload): json.object { Self.write(payload, to: &$0) }
        case .conclude(let receipt): json.object { Self.write(receipt, to: &$0) }
        case .error(let payload):
            json.object { json in
                json.key("message")
                json.value(payload.message)
                json.key("traceback")
                json.value(payload.traceback)
                Self.optional("code", payload.code, &json)
                Self.optional("sequence", payload.sequence, &json)
                if let jobs = payload.jobs {
                    json.key("jobs")
                    json.array(jobs) { $0.value($1) }
                }
            }
        }
        return json.bytes
    }

    private static func optional(_ name: StaticString, _ text: String?, _ json: inout JSONWriter) {
        guard let text else { return }
        json.key(name)
        json.value(text)
    }

    private static func optional(_ name: StaticString, _ number: Int64?, _ json: inout JSONWriter) {
        guard let number else { return }
        json.key(name)
        json.value(number)
    }

    private static func write(_ payload: IdentifyPayload, to json: inout JSONWriter) {
        json.key("capabilities")
        json.array(payload.capabilities) { $0.value($1) }
        json.key("worker_id")
        json.value(payload.workerID)
        if !payload.protocolExtensions.isEmpty {
            json.key("protocol_extensions")
            json.array(payload.protocolExtensions) { $0.value($1) }
        }
        optional("slots", payload.slots.map(Int64.init), &json)
        optional("backlog", payload.backlog.map(Int64.init), &json)
        optional("host", payload.host, &json)
        optional("pid", payload.pid, &json)
        optional("version", payload.version, &json)
        guard let plugins = payload.plugins else { return }
        json.key("plugins")
        json.array(plugins) { json, plugin in
            json.object { json in
                json.key("name")
                json.value(plugin.name)
                json.key("version")
                json.value(plugin.manifest.version)
                optional("content_hash", plugin.contentHash, &json)
                optional("load_error", plugin.loadError, &json)
                if let notice = plugin.notice {
                    json.key("notice")
                    json.object { json in
                        json.key("kind")
                        json.value(notice.kind.rawValue)
                        json.key("content_hash")
                        json.value(notice.contentHash)
                        json.key("text")
                        json.value(notice.text)
                    }
                }
                json.key("manifest")
                json.object { write(plugin.manifest, to: &$0) }
            }
        }
    }

    private static func write(_ manifest: PluginManifest, to json: inout JSONWriter) {
        json.key("pattern")
        json.value(manifest.pattern)
        json.key("topic")
        json.value(manifest.topic)
        json.key("priority")
        json.value(Int64(manifest.priority))
        json.key("subscriptions")
        json.array(manifest.subscriptions) { $0.value($1) }
        json.key("sinks")
        json.object { json in
            for (topic, uri) in manifest.sinks.sorted(by: { $0.key < $1.key }) {
                json.key(text: topic)
                json.value(uri)
            }
        }
        json.key("version")
        json.value(manifest.version)
        json.key("description")
        json.value(manifest.description)
    }

    private static func write(_ payload: DispatchPayload, to json: inout JSONWriter) {
        json.key("plugin_name")
        json.value(payload.pluginName)
        json.key("file_path")
        json.value(payload.filePath)
        json.key("sinks")
        json.array(payload.sinks) { json, sink in
            json.object { json in
                json.key("topic")
                json.value(sink.topic)
                json.key("uri")
                json.value(sink.uri)
                json.key("mode")
                json.value(sink.mode.rawValue)
                json.key("schema_def")
                json.value(sink.schemaDefinition)
            }
        }
        json.key("file_version_id")
        json.value(payload.fileVersionID)
        optional("attempt", payload.attempt.map(Int64.init), &json)
        optional("lease_seconds", payload.leaseSeconds.map(Int64.init), &json)
        optional("deadline_seconds", payload.deadlineSeconds.map(Int64.init), &json)
        optional("memory_mib", payload.resources.memoryMebibytes.map(Int64.init), &json)
        optional("cpu_seconds", payload.resources.cpuSeconds.map(Int64.init), &json)
        optional("processes", payload.resources.processes.map(Int64.init), &json)
        optional("open_files", payload.resources.openFiles.map(Int64.init), &json)
        if payload.resources.allowsNetwork {
            json.key("network")
            json.value(true)
        }
        optional("content_hash", payload.contentHash, &json)
        optional("parameters", payload.parameters, &json)
    }

    private static func write(_ payload: HeartbeatPayload, to json: inout JSONWriter) {
        json.key("status")
        json.value(payload.status.rawValue)
        json.key("current_job_id")
        json.value(payload.currentJobID)
        if let jobs = payload.activeJobs {
            json.key("active_jobs")
            json.array(jobs) { $0.value($1) }
        }
        optional("sequence", payload.sequence, &json)
        if let progress = payload.progress {
            json.key("progress")
            json.array(progress) { json, entry in
                json.object { json in
                    json.key("job_id")
                    json.value(entry.jobID)
                    json.key("rows")
                    json.value(entry.rows)
                    json.key("bytes")
                    json.value(entry.bytes)
                }
            }
        }
    }

    private static func write(_ receipt: JobReceipt, to json: inout JSONWriter) {
        json.key("status")
        json.value(receipt.status.rawValue)
        json.key("metrics")
        json.object { json in
            for (name, value) in receipt.metrics.sorted(by: { $0.key < $1.key }) {
                json.key(text: name)
                json.value(value)
            }
        }
        json.key("artifacts")
        json.array(receipt.artifacts) { json, artifact in
            // Plain peers accept nothing but strings here.
            json.object { json in
                json.key("topic")
                json.value(artifact.topic)
                json.key("uri")
                json.value(artifact.uri)
                optional("rows", artifact.rows.map(String.init), &json)
                optional("size_bytes", artifact.sizeBytes.map(String.init), &json)
                optional("content_hash", artifact.contentHash, &json)
            }
        }
        json.key("error_message")
        json.value(receipt.errorMessage)
        optional("attempt", receipt.attempt.map(Int64.init), &json)
        optional("cause", receipt.cause?.rawValue, &json)
        optional("exit_signal", receipt.exitSignal.map(Int64.init), &json)
        optional("plugin_hash", receipt.pluginHash, &json)
    }
}
