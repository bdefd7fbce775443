import CasparianModel
import CasparianPluginRuntime
import CasparianSinks
import CasparianTestKit
import CasparianWorker
import Foundation
import ParquetSink

/// A fresh folder with a file to read and an output folder, gone with the value.
final class Workshop {
    private let folder: TemporaryFolder
    let tables = MemoryTables()
    let faulty = FaultySinks()
    var path: String { folder.path }
    var input: String { folder.file("in.csv") }
    var output: String { folder.file("out") }

    init() throws {
        folder = try TemporaryFolder()
        try write("a,b\n1,2\n")
    }

    func write(_ text: String, to name: String = "in.csv") throws { try folder.write(text, to: name) }

    func runner(hasher: JobRunner.Hasher? = nil) -> JobRunner {
        JobRunner(registry: registry, hasher: hasher)
    }

    var registry: SinkRegistry {
        SinkRegistry([ParquetSinkFactory(outputRoot: output), MemorySinkFactory(tables: tables), faulty])
    }

    func order(job: Int64 = 7, _ sinks: [SinkConfig] = []) -> JobOrder {
        JobOrder(jobID: JobID(job), pluginName: "p", filePath: input, fileVersionID: 3, sinks: sinks, attempt: 2)
    }

    func run(_ sinks: [SinkConfig] = [], _ script: @escaping ScriptedSlot.Script) -> JobReceipt {
        runner().run(order(sinks), on: ScriptedSlot(script))
    }

    /// Every file below the output folder.
    var files: [String] {
        let all = FileManager.default.enumerator(atPath: output)?.compactMap { $0 as? String } ?? []
        return all.filter { $0.contains(".parquet") }.sorted()
    }

    func parquet(_ name: String) throws -> SinkTable { try SinkTable(parquet: output + "/" + name) }
}

extension SinkConfig {
    static func to(
        _ uri: String, topic: String = "output", mode: SinkMode = .append, schema: String? = nil
    ) -> SinkConfig {
        SinkConfig(topic: topic, uri: uri, mode: mode, schemaDefinition: schema)
    }
}
