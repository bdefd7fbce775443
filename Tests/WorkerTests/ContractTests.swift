import CasparianModel
import CasparianPluginRuntime
import CasparianSinks
import CasparianTestKit
import CasparianWorker
import Columnar
import Foundation
import Testing

@Suite struct ContractTests {
    let workshop: Workshop
    init() throws { workshop = try Workshop() }

    static let whole = #"{"columns": [{"name": "n", "type": "int64", "nullable": false}], "max_quarantined": 1}"#

    @Test func `Rows that do not fit go to quarantine with their position, the rest arrives typed`() throws {
        let receipt = workshop.run([.to("parquet://t.parquet?compression=zstd", schema: Self.whole)]) { output in
            try output.write(words("1", "x", "3"), topic: "output")
            try output.write(words(nil, "5"), topic: "output")
        }
        #expect(receipt.errorMessage == nil)
        #expect(
            try workshop.parquet("t_7.parquet")
                == SinkTable(
                    columns: ["n:int64", "_job_id:int64", "_file_version_id:int64"],
                    rows: [["1", "7", "3"], ["3", "7", "3"], ["5", "7", "3"]]))
        #expect(
            try workshop.parquet("t_quarantine_7.parquet")
                == SinkTable(
                    columns: [
                        "row_number:int64", "column:string", "reason:string", "raw:string", "record:string",
                        "code:string", "_job_id:int64", "_file_version_id:int64",
                    ],
                    rows: [
                        ["2", "n", "does not fit int64: it is not a number", "x", #"{"n": "x"}"#, "type", "7", "3"],
                        ["4", "n", "must not be null", nil, #"{"n": null}"#, "null", "7", "3"],
                    ]))
        #expect(receipt.rows == 3 && receipt.quarantined == 2)
        #expect(receipt.artifacts.map(\.topic) == ["output", "output_quarantine"])
        #expect(receipt.artifacts.map(\.rows) == [3, 2])
        #expect(receipt.artifacts[1].uri == "parquet://\(workshop.output)/t_quarantine_7.parquet")
    }

    @Test func `Without a fault there is no quarantine, and the receipt says 0`() throws {
        let receipt = workshop.run([.to("memory://t", schema: Self.whole)]) {
            try $0.write(words("1"), topic: "output")
        }
        #expect(receipt.metrics[JobReceipt.quarantinedMetric] == 0 && receipt.artifacts.count == 1)
        #expect(workshop.tables.batches(at: "t_quarantine").isEmpty)
    }

    @Test func `Without a contract the receipt says nothing of quarantine`() throws {
        for schema in [nil, "", "null", "{}"] {
            let receipt = workshop.run([.to("memory://none", schema: schema)]) { _ in }
            #expect(receipt.status == .success && receipt.metrics[JobReceipt.quarantinedMetric] == nil)
        }
    }

    @Test func `If no row fits there is only quarantine`() throws {
        let receipt = workshop.run([.to("memory://t", schema: Self.whole)]) {
            try $0.write(words("a", "b"), topic: "output")
        }
        #expect(receipt.status == .success && receipt.rows == 0 && receipt.quarantined == 2)
        #expect(receipt.artifacts.map(\.uri) == ["memory://t_quarantine"])
        #expect(workshop.tables.batches(at: "t").isEmpty)
    }

    @Test func `More faults than the contract lets pass fail the job with counts and reasons, and nothing is there`()
        throws
    {
        let contract = #"{"name": "sales", "columns": [{"name": "n", "type": "int8"}], "max_quarantined": 0.4}"#
        let order = workshop.order([
            .to("parquet://t.parquet", schema: contract), .to("memory://other", topic: "other"),
        ])
        let receipt = workshop.runner().run(
            order,
            on: ScriptedSlot { output in
                try output.write(numbers(1), topic: "other")
                try output.write(words("1", "x", "300", "4"), topic: "output")
                try output.write(words("y", "z", "5"), topic: "output")
            })
        let message = receipt.errorMessage ?? ""
        for part in [
            "4 of 7 rows", "'sales'", "0.4", "row 2: column 'n' with 'x' does not fit int8: it is not a number",
            "row 3: column 'n' with '300'", "row 5", "; ...", "nothing was written", workshop.input,
            "topics set p output",
        ] {
            #expect(message.contains(part), "\(part) in \(message)")
        }
        #expect(!message.contains("row 6"))
        #expect(workshop.files.isEmpty && workshop.tables.batches(at: "other").isEmpty && receipt.artifacts.isEmpty)
    }

    @Test(arguments: [
        (29, 0.29, true), (29, 0.28, false), (1, 0, false), (0, 0, true), (100, 1, true), (50, nil, true),
        (51, nil, false),
    ])
    func `A share is too great only above the limit, half by default`(_ bad: Int, _ limit: Double?, _ isSuccess: Bool)
        throws
    {
        let limit = limit.map { #", "max_quarantined": \#($0)"# } ?? ""
        let contract = #"{"columns": [{"name": "n", "type": "int64"}]\#(limit)}"#
        let receipt = workshop.run([.to("memory://t", schema: contract)]) { output in
            for row in 0..<100 { try output.write(words(row < bad ? "x" : "1"), topic: "output") }
        }
        #expect((receipt.status == .success) == isSuccess, "\(receipt.errorMessage ?? "")")
    }

    @Test func `Every row is accounted for, however batches, topics and sinks lie`() throws {
        var random = SeededRandom(seed: 6)
        for round: Int64 in 1...20 {
            let loose = #"{"columns": [{"name": "n", "type": "int64"}], "max_quarantined": 1}"#
            let sinks: [SinkConfig] = [
                .to("memory://a\(round)", schema: Self.whole), .to("memory://b\(round)", schema: loose),
                .to("memory://c\(round)"), .to("memory://d\(round)", topic: "other", schema: Self.whole),
            ]
            let batches = (0..<random.next() % 6).map { _ in
                let cells = (0..<random.next() % 9).map { _ in ["1", "x", nil, "22"][Int(random.next() % 4)] }
                return (topic: ["output", "other", "free"][Int(random.next() % 3)], cells: cells)
            }
            let slot = ScriptedSlot { output in
                for batch in batches {
                    try output.write(RecordBatch(columns: [("n", .string(batch.cells))]), topic: batch.topic)
                }
            }
            let receipt = workshop.runner().run(workshop.order(job: round, sinks), on: slot)
            let made = batches.reduce(0) { $0 + $1.cells.count }
            #expect(receipt.status == .success && receipt.rows + receipt.quarantined == Int64(made), "round \(round)")
            for sink in sinks {
                let place = String(sink.uri.dropFirst("memory://".count))
                let rows = { workshop.tables.batches(at: $0).reduce(0) { $0 + $1.rowCount } }
                let published = batches.filter { $0.topic == sink.topic }.reduce(0) { $0 + $1.cells.count }
                #expect(rows(place) + rows(place + "_quarantine") == published, "\(sink.uri)")
            }
        }
    }

    @Test func `A plugin that begins anew leaves nothing of its first try in quarantine`() throws {
        let receipt = workshop.run([.to("memory://t", schema: Self.whole)]) { output in
            try output.write(words("x", "y", "1"), topic: "output")
            try output.restart()
            try output.write(words("1", "z"), topic: "output")
        }
        #expect(receipt.rows == 1 && receipt.quarantined == 1)
        #expect(try SinkTable(workshop.tables.batches(at: "t_quarantine")).rows.map { $0[0] } == ["2"])
    }

    @Test func `With replace a new version's quarantine takes the place of the older one's, also if it has none`()
        throws
    {
        func run(job: Int64, version: Int64, _ cells: String?...) -> JobReceipt {
            var order = workshop.order(job: job, [.to("parquet://t.parquet", mode: .replace, schema: Self.whole)])
            order.fileVersionID = FileVersionID(version)
            return workshop.runner().run(
                order, on: ScriptedSlot { try $0.write(RecordBatch(columns: [("n", .string(cells))]), topic: "output") }
            )
        }
        #expect(run(job: 1, version: 1, "1", "x").quarantined == 1)
        #expect(workshop.files == ["t_1.parquet", "t_quarantine_1.parquet"])
        #expect(run(job: 2, version: 2, "y").quarantined == 1)
        #expect(workshop.files == ["t_quarantine_2.parquet"])
        #expect(run(job: 3, version: 3, "1", "2").quarantined == 0)
        #expect(workshop.files == ["t_3.parquet"])
    }

    @Test func `A second attempt of the same job doubles nothing in quarantine`() throws {
        let order = workshop.order([.to("memory://t", schema: Self.whole)])
        let slot = ScriptedSlot { try $0.write(RecordBatch(columns: [("n", .string(["1", "x"]))]), topic: "output") }
        let first = workshop.runner().run(order, on: slot)
        #expect(workshop.runner().run(order, on: slot) == first && first.quarantined == 1)
        #expect(workshop.tables.batches(at: "t_quarantine").map(\.rowCount) == [1])
    }

    @Test(arguments: [
        (#"{"columns": [{"name": "n", "type": "int46"}]}"#, "int46"), ("[", "JSON"),
        (#"{"columns": []}"#, "columns"),
    ])
    func `A contract that cannot be meant fails the job before the plugin begins`(_ contract: String, _ part: String)
        throws
    {
        let slot = ScriptedSlot { _ in }
        let receipt = workshop.runner().run(workshop.order([.to("memory://t", schema: contract)]), on: slot)
        #expect(receipt.errorMessage?.contains(part) == true && slot.invocations.isEmpty)
        #expect(receipt.errorMessage?.contains("topics set p output memory://t --schema") == true)
    }

    @Test func `Columns that the contract does not allow, and reserved ones, fail the job by name`() throws {
        let contract = #"{"columns": [{"name": "n"}], "extra_columns": "error"}"#
        let extra = workshop.run([.to("memory://t", schema: contract)]) { output in
            try output.write(RecordBatch(columns: [("n", .int64([1])), ("more", .int64([1]))]), topic: "output")
        }
        #expect(extra.errorMessage?.contains("'more'") == true && extra.errorMessage?.contains(workshop.input) == true)
        let dropping = #"{"columns": [{"name": "n"}], "extra_columns": "drop"}"#
        let reserved = workshop.run([.to("memory://t", schema: dropping)]) { output in
            try output.write(RecordBatch(columns: [("n", .int64([1])), ("_job_id", .int64([1]))]), topic: "output")
        }
        #expect(reserved.errorMessage?.contains("'_job_id'") == true)
    }

    @Test func `The plugin is told which columns all contracts of its output want as they are written`() throws {
        let one =
            #"{"columns": [{"name": "a", "type": "string"}, {"name": "b", "type": "json"}, {"name": "n", "type": "int8"}]}"#
        let two = #"{"columns": [{"name": "b"}, {"name": "a", "type": "date", "format": "%Y%m%d"}]}"#
        func told(_ sinks: SinkConfig...) -> Set<String>? {
            let slot = ScriptedSlot { _ in }
            _ = workshop.runner().run(workshop.order(sinks), on: slot)
            return slot.invocations.first?.textColumns
        }
        #expect(told(.to("memory://t", schema: one)) == ["a", "b"])
        #expect(told(.to("memory://t", schema: one), .to("memory://u", schema: two)) == ["a"])
        #expect(told(.to("memory://t", schema: one), .to("memory://u")) == [])
        #expect(told(.to("memory://t", topic: "other", schema: one)) == [])
    }

    @Test func `A topic's quarantine has its place alone`() throws {
        let receipt = workshop.run([
            .to("memory://t", schema: Self.whole), .to("memory://t_quarantine", topic: "other"),
        ]) { _ in }
        #expect(receipt.errorMessage?.contains("'output_quarantine' and 'other'") == true)
    }
}

/// Texts in the column `n`.
private func words(_ cells: String?...) throws -> RecordBatch { try RecordBatch(columns: [("n", .string(cells))]) }
