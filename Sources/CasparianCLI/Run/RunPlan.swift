import CasparianModel
import CasparianSinks
import CasparianWorker
import Foundation

/// What `casparian run` is asked to do, checked: one job for each file, ids counting up.
struct RunPlan: Sendable {
    var jobs: [LocalJob]

    /// No state database, so no version of the file: the id that plugins get by default.
    static let noVersion: FileVersionID = 0

    /// - Parameters:
    ///   - version: The plugin's, as its manifest says.
    ///   - files: Paths as a person typed them.
    ///   - sinks: Sinks of the plugin's topics; topics that are not named get the default one.
    ///   - firstID: The first file's job id.
    /// - Throws: `ExitStatus`: 69 for a file that is not there or cannot be read, 64 for what is no file.
    init(
        plugin: String, version: String? = nil, files: [String], sinks: [SinkConfig], parameters: String?,
        firstID: Int64
    ) throws {
        var jobs: [LocalJob] = []
        var missing: [String] = []
        for file in files {
            let path = Paths.absolute(file)
            var status = stat()
            if stat(path, &status) != 0 || access(path, R_OK) != 0 {
                missing.append("\(path): \(String(cString: strerror(errno)))")
                continue
            }
            if status.st_mode & S_IFMT == S_IFDIR {
                throw ExitStatus.misuse(
                    "\(path) is a folder; name its files, or have it scanned: casparian scan \(path)")
            }
            var order = JobOrder(
                jobID: JobID(firstID + Int64(jobs.count)), pluginName: plugin,
                filePath: PathText.text(Array(path.utf8)),
                fileVersionID: Self.noVersion, sinks: sinks, parameters: parameters)
            order.pluginVersion = version
            jobs.append(LocalJob(order: order, inputBytes: Int64(status.st_size)))
        }
        guard missing.isEmpty else { throw ExitStatus.unreachable(missing.joined(separator: "\n")) }
        self.jobs = jobs
    }

    /// The arguments of `--sink` and `--schema`: a topic's contract goes with each of its sinks.
    ///
    /// - Throws: `ExitStatus`: 64 for what is no sink URI or no contract, 69 for a file that cannot be read.
    static func sinks(_ texts: [String], contracts: [String], plugin: String) throws -> [SinkConfig] {
        var sinks = try texts.map(sink)
        for text in contracts {
            let (topic, file) = topicAndRest(text) { !$0.isEmpty && !$0.contains("/") }
            let contract = try ContractFile.read(file)
            if !sinks.contains(where: { $0.topic == topic }) {
                sinks.append(SinkConfig.fallback(plugin: plugin, topic: topic))
            }
            for index in sinks.indices where sinks[index].topic == topic { sinks[index].schemaDefinition = contract }
        }
        return sinks
    }

    /// `TOPIC=rest`, or `rest` for topic `output`.
    private static func topicAndRest(_ text: String, isTopic: (Substring) -> Bool) -> (topic: String, rest: String) {
        guard let equals = text.firstIndex(of: "="), isTopic(text[..<equals]) else {
            return (SinkConfig.outputTopic, text)
        }
        return (String(text[..<equals]), String(text[text.index(after: equals)...]))
    }

    /// A `--sink` argument: `URI` for topic `output`, or `TOPIC=URI`.
    ///
    /// - Throws: `ExitStatus` 64 for what is no sink URI.
    static func sink(_ text: String) throws -> SinkConfig {
        let (topic, uri) = topicAndRest(text) { !$0.contains("://") }
        do { _ = try SinkURI(uri) } catch { throw ExitStatus.misuse("--sink \(text): \(error)") }
        guard !topic.isEmpty else { throw ExitStatus.misuse("--sink \(text): no topic stands before the '='") }
        return SinkConfig(topic: topic, uri: uri)
    }
}
