import CasparianTestKit
import Columnar
import Foundation
import Synchronization
import Testing

@Suite struct BatchTests {
    func sample() throws -> RecordBatch {
        try RecordBatch(columns: [
            ("id", .int64([1, nil, 3])), ("ratio", .double([0.5, 1.5, nil])), ("ok", .bool([true, false, nil])),
            ("note", .string(["a", nil, "🦜\u{0}"])),
        ])
    }

    @Test func `A batch of plain values shows what was put in`() throws {
        let batch = try sample()
        #expect((batch.rowCount, batch.columnCount) == (3, 4))
        #expect(batch.schema.fields.map(\.type) == ["int64", "double", "bool", "string"])
        #expect(
            try batch.cellTexts(rows: 0..<9) == [
                ["1", "0.5", "true", "a"], [nil, "1.5", "false", nil], ["3", nil, nil, "🦜\u{0}"],
            ])
        #expect(batch.sizeBytes > 0)
        let uneven = columnarError { _ = try RecordBatch(columns: [("a", .int64([1])), ("b", .int64([]))]) }
        #expect(uneven?.code == .invalid)
    }

    @Test func `A slice is clipped to the batch and weighs less`() throws {
        let batch = try RecordBatch(columns: [("n", .int64((0..<1000).map { $0 }))])
        #expect(try batch.slice(from: 998, count: 9).cellTexts(rows: 0..<9) == [["998"], ["999"]])
        #expect(batch.slice(from: 2000, count: 1).rowCount == 0)
        #expect(batch.slice(from: 0, count: 10).sizeBytes < batch.sizeBytes / 10)
    }

    @Test func `Lineage is the last two columns of every batch`() throws {
        for (job, rows) in [(7, 3), (7, 2), (8, 3), (Int64.max, 1)] {
            let batch = try sample().slice(from: 0, count: rows).appendingLineage(jobID: Int64(job), fileVersionID: 9)
            #expect(
                batch.schema.fields.suffix(2) == [
                    Field(name: "_job_id", type: "int64", isNullable: false),
                    Field(name: "_file_version_id", type: "int64", isNullable: false),
                ])
            let cells = try batch.cellTexts(rows: 0..<rows).map { Array($0.suffix(2)) }
            #expect(cells == Array(repeating: ["\(job)", "9"], count: rows))
        }
    }

    @Test(arguments: ["_job_id", "_file_version_id"])
    func `A column with a reserved name is an error that says so`(_ name: String) throws {
        let batch = try RecordBatch(columns: [(name, .int64([1]))])
        let error = columnarError { _ = try batch.appendingLineage(jobID: 1, fileVersionID: 1) }
        #expect(error?.code == .invalid)
        #expect(error?.message.contains("'\(name)' is reserved") == true)
    }

    @Test func `A column's name that holds a NUL is refused, not cut off there`() throws {
        let folder = try TemporaryFolder()
        try Python.run(
            """
            import sys, pyarrow as pa
            batch = pa.record_batch([[1]], [b"left\\0right".decode()])
            with pa.ipc.new_stream(sys.argv[1], batch.schema) as stream: stream.write(batch)
            """, folder.file("nul.arrow"))
        let batch = try #require(try BatchReader.ipc(path: folder.file("nul.arrow")).next())
        let error = columnarError { _ = try batch.appendingLineage(jobID: 1, fileVersionID: 1) }
        #expect(error?.code == .invalid && error?.message.contains("left\\0") == true)
    }

    @Test func `IPC bytes come back as the same batch, without a copy, and are released with the last batch`() throws {
        let bytes = try sample().encodeIPC()
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 64)
        memory.copyBytes(from: bytes)
        let releases = Mutex(0)
        var batches = try RecordBatch.decodeIPC(bytes: UnsafeRawBufferPointer(memory)) {
            releases.withLock { $0 += 1 }
        }
        #expect(try Table(batches[0]) == Table(sample()))
        var kept: RecordBatch? = batches[0].slice(from: 1, count: 1)
        batches = []
        #expect(releases.withLock { $0 } == 0)
        #expect(try kept?.cellTexts(rows: 0..<1)[0][1] == "1.5")
        kept = nil
        #expect(releases.withLock { $0 } == 1)
        memory.deallocate()
    }

    @Test func `Bytes that are no IPC stream are malformed and released`() throws {
        let good = try sample().encodeIPC()
        var flipped = good
        for index in stride(from: 8, to: good.count / 2, by: 5) { flipped[index] ^= 0x5A }
        for bytes in [Array("garbage that is no stream at all".utf8), Array(good.prefix(good.count / 2)), flipped] {
            let released = Mutex(0)
            let error = bytes.withUnsafeBytes { raw in
                columnarError { _ = try RecordBatch.decodeIPC(bytes: raw) { released.withLock { $0 += 1 } } }
            }
            #expect(error?.code == .malformed)
            #expect(released.withLock { $0 } == 1)
        }
    }

    @Test func `The C data interface hands a batch over and takes it back`() throws {
        // ArrowArray and ArrowSchema of the Arrow C data interface are 80 and 72 bytes on 64-bit machines.
        let array = UnsafeMutableRawPointer.allocate(byteCount: 80, alignment: 8)
        let schema = UnsafeMutableRawPointer.allocate(byteCount: 72, alignment: 8)
        defer {
            array.deallocate()
            schema.deallocate()
        }
        do {
            let batch = try sample()
            try batch.exportCData(array: array, schema: schema)
        }
        #expect(array.load(as: Int64.self) == 3)
        let back = try RecordBatch(importingArray: array, schema: schema)
        #expect(try Table(back) == Table(sample()))
        // Both were taken over: their release callbacks are gone, so that a second import must fail.
        #expect(columnarError { _ = try RecordBatch(importingArray: array, schema: schema) }?.code == .invalid)
    }
}
