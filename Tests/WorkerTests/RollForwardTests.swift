import CasparianModel
import CasparianSinks
import CasparianTestKit
import Columnar
import Foundation
import SQLiteSink
import Testing

@testable import CasparianWorker

/// Jobs with two tables of one database, whose first process died between the two promotions.
@Suite struct RollForwardTests {
    let workshop: Workshop
    let sinks: [SinkConfig] = [.to("sqlite://t.db/a"), .to("sqlite://t.db/b")]

    init() throws { workshop = try Workshop() }

    private var registry: SinkRegistry {
        SinkRegistry([
            SQLiteSinkFactory(outputRoot: workshop.output) { Timestamp(microsecondsSinceEpoch: 0) }, workshop.faulty,
        ])
    }
    private var intents: IntentLog { IntentLog(outputRoot: workshop.output) }
    private var runner: JobRunner { JobRunner(registry: registry, intents: intents) }

    /// Prepares both with `rows` rows, notes it, promotes the first `promoted` and dies.
    private func crash(rows: Int64 = 3, promoted: Int = 1, change: (inout PromotionIntent) -> Void = { _ in }) throws {
        let intent = try prepareAndDie(workshop.order(sinks), rows: rows, change: change)
        for output in intent.outputs.prefix(promoted) {
            let sink = try #require(try registry.resume(intent.request(output), rows: output.rows))
            #expect(try sink.commit()?.rows == rows)
        }
    }

    private func prepareAndDie(
        _ order: JobOrder, rows: Int64, change: (inout PromotionIntent) -> Void = { _ in }
    ) throws -> PromotionIntent {
        let outputs = try TopicOutputs(
            order: order, registry: registry, isCancelled: { false }, onProgress: { _ in })
        try outputs.write(numbers(rows), topic: "output")
        try outputs.prepare()
        var intent = outputs.intent
        change(&intent)
        _ = try intents.record(intent)
        return intent
    }

    private func count(_ table: String) throws -> Int {
        let script = """
            import sqlite3, sys
            database = sqlite3.connect(sys.argv[1])
            there = database.execute("SELECT count(*) FROM sqlite_master WHERE name = ?", sys.argv[2:]).fetchone()[0]
            print(database.execute(f"SELECT count(*) FROM {sys.argv[2]}").fetchone()[0] if there else 0)
            """
        return Int(try Python.run(script, workshop.output + "/t.db", table)) ?? -1
    }

    /// Repeated while something is left: a process that another test has just forked holds this one's locks until it runs
    /// its own program.
    private func cleanUp() -> [String] {
        var done: [String] = []
        for _ in 0..<10_000 {
            done += runner.cleanUp()
            if left.isEmpty { break }
            usleep(5_000)
        }
        return done
    }

    private var left: [String] {
        let all = FileManager.default.enumerator(atPath: workshop.output + "/.casparian")?.allObjects ?? []
        return all.compactMap { $0 as? String }.filter { $0.contains(".stg") || $0.contains(".json") }
    }

    private func expectClean() {
        #expect(left == [])
    }

    @Test(arguments: 0...2)
    func `The next attempt completes it without the plugin`(promoted: Int) throws {
        try crash(promoted: promoted)
        let slot = ScriptedSlot { _ in }
        let receipt = runner.run(workshop.order(sinks), on: slot)
        #expect(receipt.status == .success && receipt.rows == 3 && receipt.artifacts.count == 2)
        #expect(receipt.attempt == 2)
        #expect(slot.invocations.isEmpty)
        #expect(try count("a") == 3 && count("b") == 3)
        expectClean()
    }

    @Test func `The next attempt completes a table and its quarantine, and counts both`() throws {
        let contract = #"{"columns": [{"name": "n", "type": "bool"}], "max_quarantined": 1}"#
        let order = workshop.order([.to("sqlite://t.db/a", schema: contract)])
        let intent = try prepareAndDie(order, rows: 5)
        #expect(intent.outputs.map(\.rows) == [2, 3] && intent.outputs.map(\.quarantineOf) == [nil, "output"])
        let first = try #require(try registry.resume(intent.request(intent.outputs[0]), rows: 2))
        #expect(try first.commit()?.rows == 2)
        let slot = ScriptedSlot { _ in }
        let receipt = runner.run(order, on: slot)
        #expect(receipt.rows == 2 && receipt.quarantined == 3 && slot.invocations.isEmpty)
        #expect(receipt.artifacts.map(\.topic) == ["output", "output_quarantine"])
        #expect(try count("a") == 2 && count("a_quarantine") == 3)
        expectClean()
    }

    @Test func `The next start completes it`() throws {
        try crash()
        #expect(cleanUp().count == 1)
        #expect(try count("a") == 3 && count("b") == 3)
        expectClean()
        #expect(cleanUp().isEmpty)
    }

    @Test func `Where staging is gone the plugin runs again, and what is promoted stays`() throws {
        try crash()
        let staging = workshop.output + "/.casparian/sqlite"
        for name in try FileManager.default.contentsOfDirectory(atPath: staging) {
            try FileManager.default.removeItem(atPath: staging + "/" + name)
        }
        let receipt = runner.run(
            workshop.order(sinks), on: ScriptedSlot { try $0.write(numbers(5), topic: "output") })
        #expect(receipt.status == .success)
        #expect(try count("a") == 3 && count("b") == 5)
        expectClean()
    }

    @Test func `A sink that fails after another was promoted is completed by the next attempt`() throws {
        let sinks: [SinkConfig] = [.to("sqlite://t.db/a"), .to("faulty://f"), .to("sqlite://t.db/b")]
        workshop.faulty.fail(at: .commit)
        let failed = runner.run(
            workshop.order(sinks), on: ScriptedSlot { try $0.write(numbers(3), topic: "output") })
        #expect(failed.status == .failed && failed.errorMessage?.contains("commit") == true)
        #expect(try count("a") == 3 && count("b") == 0)
        let slot = ScriptedSlot { try $0.write(numbers(5), topic: "output") }
        #expect(runner.run(workshop.order(sinks), on: slot).status == .success)
        // The faulty sink keeps nothing over a failure, so the plugin had to run for it; the tables have one attempt's.
        #expect(try slot.invocations.count == 1 && count("a") == 3 && count("b") == 3)
        #expect(workshop.faulty.tables.batches(at: "f").first?.rowCount == 5)
        expectClean()
    }

    @Test func `A sink that fails first leaves nothing`() throws {
        workshop.faulty.fail(at: .commit)
        let failed = runner.run(
            workshop.order([.to("faulty://f")] + sinks), on: ScriptedSlot { try $0.write(numbers(3), topic: "output") })
        #expect(failed.status == .failed)
        #expect(!FileManager.default.fileExists(atPath: workshop.output + "/t.db"))
        expectClean()
    }

    @Test func `What was prepared before the system started anew is not trusted`() throws {
        try crash(promoted: 0) { $0.bootID = "another" }
        #expect(cleanUp().count == 2)
        #expect(!FileManager.default.fileExists(atPath: workshop.output + "/t.db"))
        expectClean()
    }

    @Test func `An intent of another job with the same id is not this one's`() throws {
        try crash(promoted: 0) { $0.file = "/elsewhere.csv" }
        let slot = ScriptedSlot { try $0.write(numbers(5), topic: "output") }
        #expect(runner.run(workshop.order(sinks), on: slot).rows == 5)
        #expect(try slot.invocations.count == 1 && count("a") == 5 && count("b") == 5)
        expectClean()
    }

    @Test func `Half an intent says nothing`() throws {
        try crash(promoted: 0)
        let path = workshop.output + "/.casparian/intents/job_7.json"
        let whole = try #require(FileManager.default.contents(atPath: path))
        try whole.prefix(20).write(to: URL(fileURLWithPath: path))
        let slot = ScriptedSlot { try $0.write(numbers(5), topic: "output") }
        #expect(runner.run(workshop.order(sinks), on: slot).rows == 5)
        #expect(slot.invocations.count == 1)
        expectClean()
    }

    @Test func `A job that another process promotes is not touched`() throws {
        try crash(promoted: 0)
        let held = try #require(intents.abandoned(7))
        #expect(cleanUp().filter { $0.contains("job 7") }.isEmpty)
        withExtendedLifetime(held) {}
    }
}
