import CasparianModel
import CasparianSinks
import Columnar
import Foundation
import Testing

@Suite struct ContractReadingTests {
    func message(_ json: String) -> String {
        do {
            _ = try Contract.read(json: json)
            return ""
        } catch {
            return error.description
        }
    }

    @Test func `A contract is read with its defaults`() throws {
        let contract = try #require(
            try Contract.read(
                json: #" {"columns": [{"name": "id", "type": "bigint", "nullable": false}, {"name": "x"}]} "#))
        #expect(
            contract
                == Contract(columns: [
                    .init(name: "id", type: .integer(bits: 64, isSigned: true), isNullable: false), .init(name: "x"),
                ]))
        #expect(contract.extraColumns == .keep && contract.quarantinedShareMax == 0.5)
    }

    @Test func `A contract says all it can, and is written as it was read`() throws {
        let json = """
            {"name": "sales", "version": 3, "description": "what shops send", "extra_columns": "drop",
             "max_quarantined": 0.05, "columns": [
              {"name": "day", "type": "date", "format": "%d.%m.%Y", "description": "of the sale"},
              {"name": "price", "type": "decimal(10, 2)", "nullable": false}]}
            """
        let contract = try #require(try Contract.read(json: json))
        #expect(contract.version == "3" && contract.extraColumns == .drop && contract.quarantinedShareMax == 0.05)
        #expect(
            contract.columns[0].format == "%d.%m.%Y" && contract.columns[1].type == .decimal(precision: 10, scale: 2))
        let written = String(decoding: try JSONEncoder().encode(contract), as: UTF8.self)
        #expect(try Contract.read(json: written) == contract)
        _ = try RowContract(contract)
    }

    @Test(arguments: ["", " \n", "null", "{}"])
    func `Nothing demands nothing`(_ json: String) throws { #expect(try Contract.read(json: json) == nil) }

    @Test(arguments: [
        ("[", ["not JSON"]), ("[]", ["whole"]), (#"{"column": []}"#, ["'column'", "columns", "max_quarantined"]),
        (#"{"name": "x"}"#, ["no columns"]), (#"{"columns": {}}"#, ["columns"]), (#"{"columns": [{}]}"#, ["no name"]),
        (#"{"columns": [{"name": "a", "typ": "int64"}]}"#, ["'a'", "'typ'", "nullable"]),
        (#"{"columns": [{"name": "a", "type": "in64"}]}"#, ["'a'", "'in64'", "int64"]),
        (#"{"columns": [{"name": "a", "type": 5}]}"#, ["'a'", "type", "text"]),
        (#"{"columns": [{"name": "a", "nullable": "no"}]}"#, ["'a'", "nullable", "true or false"]),
        (#"{"columns": [{"name": "a"}, {"name": "a"}]}"#, ["'a'", "twice"]),
        (#"{"columns": [{"name": "a"}], "extra_columns": "ignore"}"#, ["keep, drop or error", "ignore"]),
        (#"{"columns": [{"name": "a"}], "max_quarantined": 5}"#, ["max_quarantined", "0 to 1"]),
        (#"{"columns": [{"name": "a"}], "max_quarantined": "5%"}"#, ["max_quarantined"]),
    ])
    func `What cannot be meant is told with the place and the reason`(_ json: String, _ parts: [String]) {
        for part in parts { #expect(message(json).contains(part), "\(part) in: \(message(json))") }
    }

    @Test(arguments: [
        ("parquet://t.parquet", "parquet://t_quarantine.parquet"),
        (
            "parquet://rel/t.parquet?compression=zstd&mode=replace",
            "parquet://rel/t_quarantine.parquet?compression=zstd&mode=replace"
        ),
        ("parquet://rel/dir", "parquet://rel/dir_quarantine"), ("parquet://rel/dir/", "parquet://rel/dir_quarantine"),
        ("parquet+s3://bucket/a/t.parquet", "parquet+s3://bucket/a/t_quarantine.parquet"),
        ("parquet://a.b/c.d", "parquet://a.b/c.d_quarantine"), ("memory://m", "memory://m_quarantine"),
        ("sqlite:///abs/file.db/table", "sqlite:///abs/file.db/table_quarantine"),
        ("mssql://dbo.orders?chunksize=5", "mssql://dbo.orders_quarantine?chunksize=5"),
        ("postgresql://t.parquet", "postgresql://t.parquet_quarantine"),
        ("PARQUET://x.parquet", "parquet://x_quarantine.parquet"),
        ("parquet://d?partition=a,b&mode=error&bloom=c", "parquet://d_quarantine?mode=error"),
        ("parquet://d?partition=a", "parquet://d_quarantine"),
        ("mssql://[dbo].[a.b]", "mssql://[dbo].[a.b_quarantine]"),
        (#"postgresql://"s"."t""#, #"postgresql://"s"."t_quarantine""#),
        ("sqlite://f.db/t]", "sqlite://f.db/t]_quarantine"),
    ])
    func `Quarantine lies beside its table, with the same options`(_ uri: String, _ expected: String) throws {
        let quarantine = try SinkURI(uri).quarantine
        #expect(quarantine.description == expected)
        #expect(try SinkURI(expected) == quarantine)
    }
}
