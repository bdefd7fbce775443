import CasparianTestKit
import Columnar
import Testing

@Suite struct SchemaTests {
    func schema(_ columns: [(name: String, values: ColumnValues)]) throws -> Schema {
        try RecordBatch(columns: columns).schema
    }

    @Test func `Schemas are equal by content`() throws {
        let one = try schema([("a", .int64([])), ("b", .string([]))])
        #expect(one == (try schema([("a", .int64([1])), ("b", .string(["x"]))])))
        #expect(one != (try schema([("b", .string([])), ("a", .int64([]))])))
        #expect(one != (try schema([("a", .int64([]))])))
    }

    @Test func `Unified schemas hold the columns of both by name`() throws {
        let left = try schema([("a", .int64([])), ("b", .string([]))])
        let right = try schema([("c", .bool([])), ("a", .double([]))])
        #expect(
            try left.unified(with: right).fields == [
                Field(name: "a", type: "double"), Field(name: "b", type: "string"), Field(name: "c", type: "bool"),
            ])
    }

    @Test func `Lineage stays last when columns are added`() throws {
        let first = try RecordBatch(columns: [("a", .int64([1]))]).appendingLineage(jobID: 1, fileVersionID: 2)
        let second = try RecordBatch(columns: [("b", .int64([1]))]).appendingLineage(jobID: 1, fileVersionID: 2)
        let unified = try first.schema.unified(with: second.schema)
        #expect(unified.fields.map(\.name) == ["a", "b", "_job_id", "_file_version_id"])
        #expect(unified.fields.map(\.isNullable) == [true, true, false, false])
        #expect(try second.conforming(to: unified).cellTexts(rows: 0..<1) == [[nil, "1", "1", "2"]])
    }

    @Test func `Types that nothing holds are an error with column and both types`() throws {
        let left = try schema([("a", .int64([]))])
        let error = columnarError { _ = try left.unified(with: schema([("a", .string([]))])) }
        #expect(error?.code == .typeConflict)
        for part in ["'a'", "int64", "string"] { #expect(error?.message.contains(part) == true) }
    }

    @Test func `A batch conforms by name, order and checked casts`() throws {
        let target = try schema([("n", .double([])), ("new", .string([])), ("t", .string([]))])
        let batch = try RecordBatch(columns: [("t", .string(["x"])), ("n", .int64([3]))])
        let conformed = try batch.conforming(to: target)
        #expect(conformed.schema == target)
        #expect(try conformed.cellTexts(rows: 0..<1) == [["3", nil, "x"]])
    }

    @Test func `A cast that would change a value is refused`() throws {
        let target = try schema([("n", .double([]))])
        let batch = try RecordBatch(columns: [("n", .int64([9_007_199_254_740_993]))])
        let error = columnarError { _ = try batch.conforming(to: target) }
        #expect(error?.code == .typeConflict)
        #expect(error?.message.contains("'n'") == true)
    }

    @Test func `A column without a place in the schema is not dropped`() throws {
        let batch = try RecordBatch(columns: [("a", .int64([1])), ("b", .int64([2]))])
        let error = columnarError { _ = try batch.conforming(to: schema([("a", .int64([]))])) }
        #expect(error?.code == .invalid)
        #expect(error?.message.contains("'b'") == true)
    }

    @Test func `A column that stands twice is refused by name`() throws {
        let batch = try RecordBatch(columns: [("a", .int64([1])), ("a", .int64([2]))])
        let single = try schema([("a", .int64([]))])
        let folder = try TemporaryFolder()
        for error in [
            columnarError { _ = try batch.conforming(to: single) },
            columnarError { _ = try single.unified(with: batch.schema) },
            columnarError { _ = try ParquetWriter(path: folder.file("x.parquet"), schema: batch.schema) },
        ] {
            #expect(error?.code == .invalid)
            #expect(error?.message.contains("'a' stands twice") == true)
        }
    }

    @Test func `A missing column that must not be null is refused`() throws {
        let target = try RecordBatch(columns: [("a", .int64([1]))]).appendingLineage(jobID: 1, fileVersionID: 1).schema
        let error = columnarError { _ = try RecordBatch(columns: [("a", .int64([1]))]).conforming(to: target) }
        #expect(error?.message.contains("'_job_id'") == true)
    }
}
