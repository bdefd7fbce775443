import CasparianModel
import CasparianPluginRuntime
import CasparianSinks
import CasparianTestKit
import CasparianWorker
import Columnar
import Foundation
import Testing

@Suite struct OutputTests {
    let workshop: Workshop
    init() throws { workshop = try Workshop() }

    @Test func `Job and file version are the last two columns of every row, int64`() throws {
        let receipt = workshop.run([.to("parquet://t.parquet")]) { output in
            try output.write(numbers(2), topic: "output")
            try output.write(RecordBatch(columns: [("late", .string(["x"]))]), topic: "output")
        }
        #expect(receipt.status == .success)
        #expect(
            try workshop.parquet("t_7.parquet")
                == SinkTable(
                    columns: ["n:int64", "late:string", "_job_id:int64", "_file_version_id:int64"],
                    rows: [["0", nil, "7", "3"], ["1", nil, "7", "3"], [nil, "x", "7", "3"]]))
    }

    @Test func `All sinks of a topic get all its rows, and each has an artifact`() throws {
        let receipt = workshop.run([
            .to("parquet://a.parquet"), .to("memory://m"), .to("parquet://b.parquet"),
            .to("memory://other", topic: "other"),
        ]) { output in
            try output.write(numbers(2), topic: "output")
            try output.write(numbers(1), topic: "other")
            try output.write(numbers(3), topic: "output")
        }
        #expect(receipt.artifacts.map(\.topic) == ["output", "output", "output", "other"])
        #expect(receipt.artifacts.map(\.rows) == [5, 5, 5, 1])
        #expect(try workshop.parquet("a_7.parquet") == workshop.parquet("b_7.parquet"))
        #expect(try workshop.parquet("a_7.parquet") == SinkTable(workshop.tables.batches(at: "m")))
        #expect(workshop.tables.batches(at: "other").map(\.rowCount) == [1])
        #expect(receipt.rows == 6, "each row counts once, however many sinks it goes to")
    }

    @Test func `Topics without a sink go to the default one and stand in the receipt`() throws {
        let receipt = workshop.run { output in
            try output.write(numbers(2), topic: "output")
            try output.write(numbers(1), topic: "errors")
        }
        #expect(workshop.files == ["p_errors_7.parquet", "p_output_7.parquet"])
        #expect(
            receipt.artifacts.map(\.uri)
                == ["output", "errors"].map { "parquet://\(workshop.output)/p_\($0)_7.parquet" })
        #expect(receipt.artifacts.map(\.topic) == ["output", "errors"])
    }

    @Test func `Rows and bytes of the receipt are the sums over its artifacts`() throws {
        let receipt = workshop.run([.to("parquet://t.parquet")]) { output in
            for count: Int64 in 1...20 { try output.write(numbers(count), topic: count % 2 == 0 ? "output" : "odd") }
        }
        #expect(receipt.artifacts.count == 2 && receipt.rows == 210)
        #expect(receipt.artifacts.reduce(0) { $0 + ($1.rows ?? 0) } == receipt.rows)
        #expect(receipt.artifacts.reduce(0) { $0 + ($1.sizeBytes ?? 0) } == receipt.sizeBytes)
        #expect(receipt.sizeBytes > 0 && receipt.attempt == 2 && receipt.errorMessage == nil)
    }

    @Test func `A configured topic without rows has no artifact and no file`() {
        let receipt = workshop.run([.to("parquet://t.parquet"), .to("parquet://e.parquet", topic: "errors")]) {
            output in
            try output.write(numbers(0), topic: "errors")
        }
        #expect(receipt.status == .success && receipt.artifacts.isEmpty && receipt.rows == 0)
        #expect(workshop.files.isEmpty)
    }

    @Test func `A plugin that begins anew leaves only what it made after`() throws {
        let receipt = workshop.run { output in
            try output.write(numbers(9), topic: "output")
            try output.write(numbers(9), topic: "gone")
            try output.restart()
            try output.write(RecordBatch(columns: [("n", .string(["x"]))]), topic: "output")
        }
        #expect(receipt.rows == 1 && receipt.artifacts.map(\.topic) == ["output"])
        #expect(workshop.files == ["p_output_7.parquet"])
        #expect(try workshop.parquet("p_output_7.parquet").rows == [["x", "7", "3"]])
    }

    @Test func `Progress is the rows so far`() throws {
        let seen = Seen()
        let slot = ScriptedSlot { output in
            try output.write(numbers(2), topic: "output")
            try output.write(numbers(0), topic: "output")
            try output.write(numbers(3), topic: "other")
        }
        _ = workshop.runner().run(workshop.order(), on: slot) { seen.add($0) }
        #expect(seen.all == [2, 5])
    }

    @Test func `The plugin is told file, version, job and parameters`() throws {
        var order = workshop.order()
        order.parameters = #"{"x": 1}"#
        let slot = ScriptedSlot { _ in }
        #expect(workshop.runner().run(order, on: slot).status == .success)
        #expect(
            slot.invocations == [
                PluginInvocation(
                    pluginName: "p", filePath: workshop.input, fileVersionID: 3, jobID: 7, parameters: #"{"x": 1}"#)
            ])
    }

    @Test func `The mode in a sink's URI wins over the configured one`() throws {
        _ = workshop.run([.to("memory://m")]) { try $0.write(numbers(2), topic: "output") }
        let slot = ScriptedSlot { try $0.write(numbers(3), topic: "output") }
        var order = workshop.order(job: 8, [.to("memory://m?mode=error")])
        #expect(workshop.runner().run(order, on: slot).errorMessage?.contains("mode=error") == true)
        order.sinks = [.to("memory://m?mode=replace", mode: .error)]
        #expect(workshop.runner().run(order, on: slot).status == .success)
        #expect(workshop.tables.batches(at: "m").map(\.rowCount) == [3])
    }
}

/// Numbers in the order in which they came.
private final class Seen {
    private(set) var all: [Int64] = []
    func add(_ number: Int64) { all.append(number) }
}
