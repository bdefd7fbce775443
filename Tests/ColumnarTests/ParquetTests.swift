import CasparianTestKit
import Columnar
import Foundation
import Testing

@Suite struct ParquetTests {
    func batch(_ rows: Range<Int64>) throws -> RecordBatch {
        try RecordBatch(columns: [
            ("n", .int64(rows.map { $0 })), ("text", .string(rows.map { "row \($0)" })),
            ("holes", .double(rows.map { $0 % 2 == 0 ? nil : Double($0) })),
        ])
    }

    @Test(arguments: [true, false], [1, 7, 1000, 1_000_000])
    func `Row groups of any size hold all rows in order`(_ usesThreads: Bool, _ rowGroupRowsMax: Int) throws {
        let folder = try TemporaryFolder()
        var options = ParquetOptions()
        options.rowGroupRowsMax = rowGroupRowsMax
        options.usesThreads = usesThreads
        let writer = try ParquetWriter(path: folder.file("x.parquet"), schema: batch(0..<0).schema, options: options)
        var from: Int64 = 0
        for count: Int64 in [0, 1, 30, 200, 0, 1500, 8] {
            try writer.write(batch(from..<from + count))
            from += count
        }
        let written = try writer.finish()
        #expect(written.rows == from)
        let size = try FileManager.default.attributesOfItem(atPath: folder.file("x.parquet"))[.size] as? Int64
        #expect(written.sizeBytes == size)
        #expect(try Table(BatchReader.parquet(path: folder.file("x.parquet"))) == Table(batch(0..<from)))
    }

    @Test func `Large batches on several threads come out whole`() throws {
        let folder = try TemporaryFolder()
        var options = ParquetOptions()
        options.rowGroupBytesMax = 3 << 20
        let whole = try batch(0..<400_000)
        let writer = try ParquetWriter(path: folder.file("x.parquet"), schema: whole.schema, options: options)
        for start in stride(from: 0, to: 400_000, by: 25_000) {
            try writer.write(whole.slice(from: start, count: 25_000))
        }
        #expect(try writer.finish().rows == 400_000)
        let source = try BatchReader.parquet(path: folder.file("x.parquet"))
        var next = 0
        while let part = try source.next() {
            for row in stride(from: 0, to: part.rowCount, by: 997) {
                let cells = try part.cellTexts(rows: row..<row + 1)[0]
                let n = next + row
                #expect(cells[0] == "\(n)" && cells[1] == "row \(n)" && (cells[2] == nil) == (n % 2 == 0))
            }
            next += part.rowCount
        }
        #expect(next == 400_000)
    }

    @Test func `A file without rows still has its columns`() throws {
        let folder = try TemporaryFolder()
        let writer = try ParquetWriter(path: folder.file("x.parquet"), schema: batch(0..<0).schema)
        #expect(try writer.finish().rows == 0)
        let table = try Table(BatchReader.parquet(path: folder.file("x.parquet")))
        #expect(table == Table(columns: ["n:int64", "text:string", "holes:double"], rows: []))
    }

    @Test func `A full disk is an I/O error`() throws {
        let writer = try ParquetWriter(path: "/dev/full", schema: batch(0..<0).schema)
        try? writer.write(batch(0..<10))
        let error = columnarError { _ = try writer.finish() }
        #expect(error?.code == .io)
        #expect(error?.subject == "/dev/full")
        #expect(error?.message.contains("No space left on device") == true)
    }

    @Test func `A folder that is not there is an I/O error`() throws {
        let folder = try TemporaryFolder()
        let error = columnarError {
            _ = try ParquetWriter(path: folder.file("none/x.parquet"), schema: batch(0..<0).schema)
        }
        #expect(error?.code == .io)
        #expect(error?.message == "No such file or directory")
    }

    @Test func `A batch with other columns, an unknown compression and a write after the end are refused`() throws {
        let folder = try TemporaryFolder()
        let writer = try ParquetWriter(path: folder.file("x.parquet"), schema: batch(0..<0).schema)
        let other = try RecordBatch(columns: [("n", .double([1]))])
        #expect(columnarError { try writer.write(other) }?.code == .invalid)
        try writer.write(batch(0..<3))
        #expect(writer.fileDescriptor >= 0)
        #expect(try writer.finish().rows == 3)
        #expect(writer.fileDescriptor == -1)
        #expect(columnarError { try writer.write(batch(0..<3)) }?.code == .invalid)
        #expect(columnarError { _ = try writer.finish() }?.code == .invalid)
        var options = ParquetOptions()
        options.compression = "rar"
        let unknown = columnarError {
            _ = try ParquetWriter(path: folder.file("y.parquet"), schema: other.schema, options: options)
        }
        #expect(unknown?.message.contains("'rar'") == true)
    }

    @Test func `A writer that is dropped midway closes its file`() throws {
        let folder = try TemporaryFolder()
        var descriptor: Int32 = -1
        do {
            let writer = try ParquetWriter(path: folder.file("x.parquet"), schema: batch(0..<0).schema)
            try writer.write(batch(0..<100_000))
            descriptor = writer.fileDescriptor
            let open = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(descriptor)")
            #expect(open.hasSuffix("x.parquet"))
        }
        let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(descriptor)")
        #expect(target?.hasSuffix("x.parquet") != true)
    }

    @Test func `What is not Parquet or IPC is malformed, what is not there is an I/O error`() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("this is neither Parquet nor Arrow IPC, only some text")
        #expect(columnarError { _ = try BatchReader.parquet(path: path) }?.code == .malformed)
        #expect(columnarError { _ = try BatchReader.ipc(path: path) }?.code == .malformed)
        #expect(columnarError { _ = try BatchReader.parquet(path: folder.file("none")) }?.code == .io)
        #expect(columnarError { _ = try BatchReader.ipc(path: folder.file("none")) }?.code == .io)
    }

    @Test(arguments: ["csv.gz", "csv.zst", "csv.bz2", "csv.lz4"])
    func `Compressed CSV is read by its suffix, and a cut one is malformed`(_ suffix: String) throws {
        let folder = try TemporaryFolder()
        let script = """
            import sys, pyarrow as pa
            out = pa.output_stream(sys.argv[1], compression=sys.argv[2])
            out.write(b'a,b\\n' + b''.join(b'%d,text %d\\n' % (i, i * i) for i in range(50000)))
            out.close()
            """
        let names = ["csv.gz": "gzip", "csv.zst": "zstd", "csv.bz2": "bz2", "csv.lz4": "lz4"]
        let path = folder.file("x." + suffix)
        try Python.run(script, path, try #require(names[suffix]))
        let table = try readCSVFile(path) { $0.blockBytes = 1 << 16 }
        #expect(table.rows.count == 50_000)
        #expect(table.rows[49_999] == ["49999", "text 2499900001"])
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        let cut = try folder.write(whole.prefix(whole.count / 2), to: "cut." + suffix)
        #expect(columnarError { _ = try readCSVFile(cut) }?.code == .malformed)
    }
}
