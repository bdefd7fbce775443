import CasparianModel
import CasparianPluginRuntime
import Columnar
import Synchronization

/// Runs the built-in readers on the calling thread.
final class NativeSlot: PluginSlot {
    private struct State {
        var source: BatchSource?
        var isCancelled = false
    }

    private let state = Mutex(State())

    func run(_ invocation: PluginInvocation, output: any PluginOutput) throws {
        state.withLock { $0.isCancelled = false }
        // From here on `cancel` is heard.
        if output.isCancelled { cancel() }
        defer { state.withLock { $0.source = nil } }
        guard let format = NativeFormat(rawValue: invocation.pluginName) else {
            throw PluginError(code: .unknownPlugin, plugin: invocation.pluginName, message: "no such built-in plugin")
        }
        var parameters = try NativeParameters(json: invocation.parameters, format: format)
        do {
            do {
                try read(format, invocation, &parameters, output)
            } catch let error as ColumnarError where error.code == .typeConflict && !error.widerTypes.isEmpty {
                // A later part of the file showed that a type was too narrow: begin anew with types that fit all of it.
                try output.restart()
                parameters.types = error.widerTypes
                try read(format, invocation, &parameters, output)
            }
        } catch let error as ColumnarError {
            throw PluginError(
                code: error.code == .cancelled ? .cancelled : .unreadable, plugin: invocation.pluginName,
                message: error.code == .cancelled ? "stopped on request" : "\(error)")
        }
    }

    func reportsContentHash(of plugin: String) -> Bool { NativeFormat(rawValue: plugin)?.isReadInOrder ?? false }

    func mayReject(_ plugin: String) -> Bool { NativeFormat(rawValue: plugin) == .csv }

    private func read(
        _ format: NativeFormat, _ invocation: PluginInvocation, _ parameters: inout NativeParameters,
        _ output: any PluginOutput
    ) throws {
        // Each opening reads from the beginning and has a hash of its own: only that of the last one counts.
        func digest() -> ReadDigest? {
            guard invocation.wantsContentHash, format.isReadInOrder else { return nil }
            return ReadDigest(handsOver: format != .csv)
        }
        let textColumns = invocation.textColumns
        var hash = digest()
        let file = try ReadablePath(invocation.filePath)
        var source = try open(format, file.text, parameters, hash)
        if format == .csv || format == .jsonl, !textColumns.isEmpty {
            // What the parameters say wins. Only columns that are there can be given a type. Of a CSV file no more than
            // the beginning is known here: an empty column may turn into one of numbers.
            var types = parameters.types ?? [:]
            let known = types.count
            for field in source.schema.fields where textColumns.contains(field.name) && types[field.name] == nil {
                if format == .csv || field.type != "string" { types[field.name] = "string" }
            }
            if types.count > known {
                parameters.types = types
                hash = digest()
                source = try open(format, file.text, parameters, hash)
            }
        }
        defer { withExtendedLifetime(file) {} }
        while let batch = try source.next() {
            try output.write(batch, topic: SinkConfig.outputTopic)
            if let rejected = try source.takeRejected() { try output.reject(rejected) }
        }
        if let rejected = try source.takeRejected() { try output.reject(rejected) }
        guard let hash else { return }
        try source.readRest()
        output.note(contentHash: hash.finish())
    }

    /// A source that hears `cancel`.
    private func open(
        _ format: NativeFormat, _ path: String, _ parameters: NativeParameters, _ digest: ReadDigest?
    ) throws -> BatchSource {
        let source: BatchSource =
            switch format {
            case .csv: try BatchReader.csv(path: path, options: parameters.csvOptions, observer: digest)
            case .jsonl: try BatchReader.jsonLines(path: path, types: parameters.types ?? [:], observer: digest)
            case .lines: try BatchReader.lines(path: path, isLatin1: parameters.isLatin1, observer: digest)
            case .parquet: try BatchReader.parquet(path: path)
            }
        let wasCancelled = state.withLock { state in
            state.source = source
            return state.isCancelled
        }
        if wasCancelled { source.cancel() }
        return source
    }

    func cancel() {
        let source = state.withLock { state in
            state.isCancelled = true
            return state.source
        }
        source?.cancel()
    }

    func shutDown() { cancel() }
}
