import CasparianTestKit
import Columnar
import Foundation
import Testing

@Suite struct ParquetFooterTests {
    private let told = ["casparian.x": #"{"file":"/in/a b.csv"}"#, "empty": "", "é": "=🦉\n"]

    @Test func `Keys and values come back, and other readers see them`() throws {
        let folder = try TemporaryFolder()
        var options = ParquetOptions()
        options.keyValues = told
        let batch = try RecordBatch(columns: [("n", .int64([1, 2, 3]))])
        let writer = try ParquetWriter(path: folder.file("x.parquet"), schema: batch.schema, options: options)
        try writer.write(batch)
        try writer.write(batch)
        _ = try writer.finish()
        let footer = try ParquetFooter(path: folder.file("x.parquet"))
        #expect(footer.rows == 6)
        #expect(footer.keyValues.filter { $0.key != "ARROW:schema" } == told)
        let seen = try Python.run(
            """
            import sys, pyarrow.parquet as pq
            file = pq.ParquetFile(sys.argv[1])
            print(file.metadata.metadata[b'casparian.x'].decode(), file.read().schema.names)
            """, folder.file("x.parquet"))
        #expect(seen == #"{"file":"/in/a b.csv"} ['n']"#)
    }

    @Test func `Nested columns go another way and carry the same`() throws {
        let folder = try TemporaryFolder()
        let source = try BatchReader.jsonLines(path: folder.write(#"{"a": [1, 2], "b": {"c": 1}}"#, to: "x.jsonl"))
        let batch = try #require(try source.next())
        var options = ParquetOptions()
        options.keyValues = told
        let writer = try ParquetWriter(path: folder.file("x.parquet"), schema: batch.schema, options: options)
        try writer.write(batch)
        _ = try writer.finish()
        let footer = try ParquetFooter(path: folder.file("x.parquet"))
        #expect(footer.rows == 1 && footer.keyValues.filter { $0.key != "ARROW:schema" } == told)
        let back = try Table(BatchReader.parquet(path: folder.file("x.parquet")))
        #expect(back.rows == [["[1, 2]", #"{"c": 1}"#]])
    }

    @Test func `What is no Parquet file has no footer`() throws {
        let folder = try TemporaryFolder()
        #expect(columnarError { _ = try ParquetFooter(path: folder.write("text")) }?.code == .malformed)
        #expect(columnarError { _ = try ParquetFooter(path: folder.file("none")) }?.code == .io)
    }
}
