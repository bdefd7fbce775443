import CasparianTestKit
import CasparianModel
import CasparianSinks
import CasparianWorker
import Columnar
import ParquetSink
import PluginHost
import Synchronization
import Testing

@testable import CasparianCLI

@Suite("A run without a daemon")
struct LocalRunTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private final class Results: Sendable {
        private let byIndex = Mutex<[Int: LocalJobResult]>([:])
        func add(_ index: Int, _ result: LocalJobResult) { byIndex.withLock { $0[index] = result } }
        var all: [LocalJobResult] { byIndex.withLock { $0.sorted { $0.key < $1.key }.map(\.value) } }
    }

    private func run(
        _ files: [String], firstID: Int64 = 1, previewRows: Int = 0, stopsWhenFull: Bool = false,
        registry: SinkRegistry? = nil
    ) async throws -> [LocalJobResult] {
        let results = Results()
        let plan = try RunPlan(plugin: "csv", files: files, sinks: [], parameters: nil, firstID: firstID)
        let registry = registry ?? SinkRegistry([ParquetSinkFactory(outputRoot: folder.file("out"))])
        try await LocalRun(
            jobs: plan.jobs, runner: JobRunner(registry: registry),
            options: LocalRun.Options(slots: 2, previewRows: previewRows, stopsWhenFull: stopsWhenFull),
            makeSlot: { NativeReaders().makeSlot() }, onProgress: { _, _ in }, onResult: { results.add($0, $1) }
        ).run()
        return results.all
    }

    @Test func `Each file is a job of its own and one that fails does not stop the others`() async throws {
        let files = try [
            folder.write("a\n1\n", to: "x.csv"), folder.write("a\n1,2\n", to: "bad.csv"),
            folder.write("a\n1\n2\n", to: "y.csv"),
        ]
        let results = try await run(files)
        #expect(results.map(\.hasFailed) == [false, true, false])
        #expect(results.map(\.rows) == [1, 0, 2])
        let error = results[1].receipt.errorMessage ?? ""
        #expect(error.contains(files[1]) && error.contains("line 2"), "\(error)")
        let written = folder.entries().filter { $0.hasPrefix("out/") }
        #expect(written == ["out/csv_output_1.parquet", "out/csv_output_3.parquet"])
    }

    @Test func `A preview writes nothing`() async throws {
        let file = try folder.write("a,b\n1,x\n2,y\n3,z\n", to: "x.csv")
        let results = try await run([file], previewRows: 2, registry: SinkRegistry([NothingKept(scheme: "parquet")]))
        #expect(results.first?.rows == 3)
        #expect(results.first?.previews.first?.cells == [["1", "x"], ["2", "y"]])
        #expect(folder.entries() == ["x.csv"])
    }

    @Test func `A preview that stops when full is no failure`() async throws {
        let file = try folder.write("a\n" + (0..<10).map { "\($0)\n" }.joined(), to: "x.csv")
        let results = try await run(
            [file], previewRows: 2, stopsWhenFull: true, registry: SinkRegistry([NothingKept(scheme: "parquet")]))
        let result = try #require(results.first)
        #expect(!result.hasFailed)
        #expect(result.isCutShort)
        #expect(result.previews.first?.cells == [["0"], ["1"]])
    }

    @Test func `A file of an earlier run is never taken for the output of this one`() async throws {
        let old = try folder.write("a\n1\n", to: "old.csv")
        let new = try folder.write("a\n2\n3\n", to: "new.csv")
        _ = try await run([old])
        let results = try await run([new])
        #expect(results.first?.hasFailed == true)
        #expect(results.first?.receipt.errorMessage?.contains("csv_output_1.parquet") == true)
        #expect(folder.entries().filter { $0.hasPrefix("out/") } == ["out/csv_output_1.parquet"])
    }

    @Test func `Ids go on where the output folder ends`() async throws {
        let factory = ParquetSinkFactory(outputRoot: folder.file("out"))
        #expect(factory.highestJobID(stemPrefix: "csv_") == 0)
        let file = try folder.write("a\n1\n", to: "x.csv")
        _ = try await run([file], firstID: 9)
        #expect(factory.highestJobID(stemPrefix: "csv_") == 9)
        #expect(factory.highestJobID(stemPrefix: "jsonl_") == 0)
        #expect(try factory.highestJobID(at: SinkURI("parquet://csv_output.parquet")) == 9)
        #expect(try factory.highestJobID(at: SinkURI("parquet://csv.parquet")) == 0)
    }

    @Test func `A file that is not there and a folder are told apart`() throws {
        func code(_ files: [String]) -> Int32? {
            let error = #expect(throws: ExitStatus.self) {
                _ = try RunPlan(plugin: "csv", files: files, sinks: [], parameters: nil, firstID: 1)
            }
            return error?.code
        }
        #expect(code([folder.file("none.csv")]) == ExitStatus.unreachable)
        #expect(code([folder.path]) == ExitStatus.misuse)
    }

    @Test func `A sink argument may name its topic`() throws {
        let plain = "parquet://a.parquet?compression=zstd"
        #expect(try RunPlan.sink(plain) == SinkConfig(topic: "output", uri: plain))
        #expect(try RunPlan.sink("errors=\(plain)") == SinkConfig(topic: "errors", uri: plain))
        for wrong in ["a.parquet", "=\(plain)", "errors=a.parquet", "parquet://"] {
            #expect(throws: ExitStatus.self) { _ = try RunPlan.sink(wrong) }
        }
    }

    @Test func `A contract goes with every sink of its topic, and is checked`() throws {
        let contract = #"{"columns": [{"name": "a", "type": "int8"}]}"#
        let file = try folder.write(contract, to: "c.json")
        let sinks = try RunPlan.sinks(
            ["memory://m", "memory://n", "x=memory://o"], contracts: [file, "errors=\(file)"], plugin: "p")
        #expect(sinks.map(\.topic) == ["output", "output", "x", "errors"])
        #expect(sinks.map(\.schemaDefinition) == [contract, contract, nil, contract])
        #expect(sinks.last?.uri == "parquet://p_errors.parquet")
        func code(_ file: String) -> Int32? {
            let error = #expect(throws: ExitStatus.self) {
                _ = try RunPlan.sinks([], contracts: [file], plugin: "p")
            }
            return error?.code
        }
        #expect(code(folder.file("none")) == ExitStatus.unreachable)
        #expect(try code(folder.write(#"{"columns": [{"name": "a", "type": "int9"}]}"#, to: "w")) == ExitStatus.misuse)
    }

    @Test func `A report tells what is quarantined`() async throws {
        let contract = try folder.write(#"{"columns": [{"name": "a", "type": "int8"}]}"#, to: "c.json")
        let file = try folder.write("a\n1\nx\n2\n", to: "x.csv")
        let sinks = try RunPlan.sinks(["memory://m"], contracts: [contract], plugin: "csv")
        let plan = try RunPlan(plugin: "csv", files: [file], sinks: sinks, parameters: nil, firstID: 1)
        let results = Results()
        try await LocalRun(
            jobs: plan.jobs, runner: JobRunner(registry: SinkRegistry([MemorySinkFactory(tables: MemoryTables())])),
            options: LocalRun.Options(slots: 1, previewRows: 0, stopsWhenFull: false),
            makeSlot: { NativeReaders().makeSlot() }, onProgress: { _, _ in }, onResult: { results.add($0, $1) }
        ).run()
        let report = RunReport(result: try #require(results.all.first), isPreviewOnly: false)
        #expect(report.lines.first?.contains(": 2 rows and 1 quarantined in ") == true)
        #expect(JSONLine.encode(report.pairs).hasSuffix(#""quarantined": 1}"#))
    }
}
