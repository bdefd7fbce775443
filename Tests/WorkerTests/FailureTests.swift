import CasparianModel
import CasparianPluginRuntime
import CasparianSinks
import CasparianWorker
import Columnar
import Foundation
import Testing

@Suite struct FailureTests {
    let workshop: Workshop
    init() throws { workshop = try Workshop() }

    @Test func `A plugin that fails after it has written leaves nothing, and its text is in the receipt`() {
        let receipt = workshop.run([.to("parquet://t.parquet"), .to("memory://m")]) { output in
            try output.write(numbers(50_000), topic: "output")
            throw PluginError(
                code: .failed, plugin: "p", message: "Traceback\n  line 3\nValueError: no", logTail: "said")
        }
        #expect(receipt.status == .failed && receipt.artifacts.isEmpty)
        #expect(receipt.metrics == ["rows": 0, "size_bytes": 0] && receipt.attempt == 2)
        #expect(receipt.errorMessage?.contains("ValueError: no") == true)
        #expect(receipt.errorMessage?.contains("said") == true)
        #expect(workshop.files.isEmpty && workshop.tables.batches(at: "m").isEmpty)
    }

    @Test(arguments: [
        "parquet://../x.parquet", "nowhere://x", "no uri", "parquet://x?compression=rar", "memory://m?mode=sometimes",
    ])
    func `A sink that cannot be opened fails the job before the plugin runs`(_ uri: String) {
        let slot = ScriptedSlot { _ in }
        let receipt = workshop.runner().run(workshop.order([.to("memory://m"), .to(uri)]), on: slot)
        #expect(receipt.status == .failed && receipt.errorMessage?.contains(uri) == true)
        #expect(slot.invocations.isEmpty)
    }

    @Test(arguments: [
        ("parquet://t.parquet", "parquet://t.parquet?compression=zstd"), ("memory://m", "memory://m"),
        ("parquet://a/t.parquet", "parquet://a//t.parquet"), ("parquet://d", "parquet://d/data.parquet"),
    ])
    func `Two topics that go to one place fail the job`(
        _ first: String, _ second: String
    ) {
        let receipt = workshop.run([.to(first, topic: "a"), .to(second, topic: "b")]) { output in
            try output.write(numbers(1), topic: "a")
            try output.write(numbers(1), topic: "b")
        }
        #expect(receipt.status == .failed)
        #expect(receipt.errorMessage?.contains("two topics") == true, "\(receipt.errorMessage ?? "")")
        #expect(workshop.files.isEmpty)
    }

    @Test(arguments: ["_job_id", "_file_version_id"])
    func `A column with a name of lineage fails the job and says so`(_ name: String) {
        let receipt = workshop.run { output in
            try output.write(numbers(3), topic: "output")
            try output.write(RecordBatch(columns: [(name, .int64([1]))]), topic: "output")
        }
        #expect(receipt.status == .failed && workshop.files.isEmpty)
        let message = receipt.errorMessage ?? ""
        #expect(message.contains("'\(name)'") && message.contains("reserved") && message.contains(workshop.input))
    }

    @Test func `An incompatible type fails the job and names column, types and file`() {
        let receipt = workshop.run { output in
            try output.write(RecordBatch(columns: [("price", .int64([1]))]), topic: "output")
            try output.write(RecordBatch(columns: [("price", .bool([true]))]), topic: "output")
        }
        let message = receipt.errorMessage ?? ""
        for part in ["'price'", "int64", "bool", workshop.input] { #expect(message.contains(part), "\(message)") }
        #expect(workshop.files.isEmpty)
    }

    @Test(arguments: [FaultySinks.Step.open, .write, .prepare])
    func `A second sink that fails before the commits leaves nothing of the first`(_ step: FaultySinks.Step) {
        workshop.faulty.fail(at: step)
        let receipt = workshop.run([.to("parquet://t.parquet"), .to("memory://m"), .to("faulty://f")]) { output in
            try output.write(numbers(3), topic: "output")
            try output.write(numbers(4), topic: "output")
        }
        #expect(receipt.status == .failed && receipt.errorMessage?.contains("\(step)") == true)
        #expect(workshop.files.isEmpty && workshop.tables.batches(at: "m").isEmpty)
        #expect(workshop.faulty.tables.batches(at: "f").isEmpty)
    }

    @Test func `A failure between two commits is rolled forward by the next attempt, and nothing is doubled`() throws {
        let sinks: [SinkConfig] = [
            .to("parquet://t.parquet"), .to("faulty://f"), .to("parquet://u.parquet", topic: "u"),
        ]
        let script: ScriptedSlot.Script = { output in
            try output.write(numbers(3), topic: "output")
            try output.write(numbers(2), topic: "u")
        }
        workshop.faulty.fail(at: .commit)
        #expect(workshop.run(sinks, script).status == .failed)
        #expect(workshop.files == ["t_7.parquet"], "no staging is left")
        let second = workshop.run(sinks, script)
        #expect(second.status == .success && second.artifacts.map(\.rows) == [3, 3, 2] && second.rows == 5)
        #expect(workshop.files == ["t_7.parquet", "u_7.parquet"])
        #expect(try workshop.parquet("t_7.parquet").rows.count == 3)
        #expect(workshop.faulty.tables.batches(at: "f").map(\.rowCount) == [3])
        #expect(workshop.run(sinks, script) == second)
    }

    @Test func `An attempt that makes other rows than what is promoted reports what is promoted`() throws {
        let first = workshop.run { try $0.write(numbers(3), topic: "output") }
        let second = workshop.run { try $0.write(numbers(9), topic: "output") }
        #expect(second == first && second.rows == 3)
    }
}
