import CasparianTestKit
import Columnar
import Foundation
import Testing

@Suite struct PartitionTests {
    @Test func `Rows go by the values of one column or more, in the order of first rows, and keep their order`() throws
    {
        let batch = try RecordBatch(columns: [
            ("n", .int64([1, 2, 3, 4, 5])), ("kind", .string(["b", "a", nil, "b", "a"])),
            ("flag", .bool([true, false, true, false, false])),
        ])
        let one = try batch.partitioned(by: ["kind"])
        #expect(one.map(\.folder) == ["kind=b", "kind=a", "kind=__HIVE_DEFAULT_PARTITION__"])
        #expect(
            try Table(one[0].batch)
                == Table(columns: ["n:int64", "flag:bool"], rows: [["1", "true"], ["4", "false"]]))
        #expect(try one[0].batch.schema == batch.schema.without(["kind"]))
        let two = try batch.partitioned(by: ["flag", "kind"])
        #expect(
            two.map(\.folder) == [
                "flag=true/kind=b", "flag=false/kind=a", "flag=true/kind=__HIVE_DEFAULT_PARTITION__",
                "flag=false/kind=b",
            ])
        #expect(try two.map { try Table($0.batch).rows.map { $0[0] } } == [["1"], ["2", "5"], ["3"], ["4"]])
        let whole = try RecordBatch.concatenated(two.map(\.batch))
        #expect(whole.rowCount == 5 && whole.columnCount == 1)
    }

    @Test func `Values are encoded as readers decode them`() throws {
        let values = ["a b", "x/y", "é🦉", "..", "", "a\u{0}b", "a=b%", "-_.~"]
        let batch = try RecordBatch(columns: [("k", .string(values)), ("n", .int64(values.indices.map { Int64($0) }))])
        #expect(
            try batch.partitioned(by: ["k"]).map(\.folder) == [
                "k=a%20b", "k=x%2Fy", "k=%C3%A9%F0%9F%A6%89", "k=..", "k=", "k=a%00b", "k=a%3Db%25", "k=-_.~",
            ])
    }

    @Test func `What cannot be a folder is an error that says why`() throws {
        let batch = try RecordBatch(columns: [
            ("n", .int64([1])), ("real", .double([0.5])), ("a=b", .int64([1])), ("_x", .int64([1])),
            ("null", .string(["__HIVE_DEFAULT_PARTITION__"])), ("long", .string([String(repeating: "é", count: 60)])),
        ])
        let cases = [
            ("none", "no such column"), ("real", "double"), ("a=b", "cannot name a folder"),
            ("_x", "cannot name a folder"),
            ("null", "take for null"), ("long", "120 bytes"),
        ]
        for (column, words) in cases {
            let error = columnarError { _ = try batch.partitioned(by: ["n", column]) }
            #expect(error?.code == .invalid && error?.message.contains("'\(column)'") == true)
            #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
        }
        #expect(columnarError { _ = try batch.schema.without(["real"]) }?.message.contains("double") == true)
        let only = try RecordBatch(columns: [("n", .int64([1]))])
        #expect(columnarError { _ = try only.schema.without(["n"]) }?.code == .invalid)
    }

    @Test func `A writer whose row groups are ended holds no descriptor and loses nothing`() throws {
        let folder = try TemporaryFolder()
        let batch = try RecordBatch(columns: [("n", .int64(Array(0..<10)))])
        let writer = try ParquetWriter(path: folder.file("x.parquet"), schema: batch.schema)
        for _ in 0..<3 {
            try writer.write(batch)
            try writer.endRowGroup()
            #expect(writer.fileDescriptor == -1)
        }
        try writer.endRowGroup()
        #expect(try writer.finish().rows == 30)
        #expect(columnarError { try writer.endRowGroup() }?.code == .invalid)
        let script =
            "import sys, pyarrow.parquet as p; f = p.ParquetFile(sys.argv[1]); print(f.num_row_groups, f.read().num_rows)"
        #expect(try Python.run(script, folder.file("x.parquet")) == "3 30")
    }
}
