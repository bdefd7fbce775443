import CasparianSinks
import CasparianTestKit
import SQLServerSink

/// Tables of a TDS test server of its own.
struct SQLServerTarget: SinkTarget {
    let server: TDSServer
    var store: Store { Store(path: server.store) }

    let columnsMax: Int? = 1_024
    let foldsCase = true
    let holdsHugeTexts = false

    init() throws { server = try TDSServer() }

    func makeFactory() -> any SinkFactory { server.makeFactory() }
    func uri(_ table: String) -> String { "mssql://dbo.[\(table)]" }

    func visible(_ table: String) throws -> [SinkTable] {
        let columns = try store.columns(table)
        guard !columns.isEmpty else { return [] }
        let rows = try store.rows("SELECT * FROM \"dbo.\(table)\" ORDER BY _job_id, rowid")
        let booleans = columns.indices.filter { columns[$0].hasSuffix(":bit") }
        let floats = columns.indices.filter { columns[$0].hasSuffix(":float") }
        let position = columns.firstIndex { $0.hasPrefix("_job_id:") } ?? 0
        var parts: [(job: String?, rows: [[String?]])] = []
        for var row in rows {
            for index in booleans { row[index] = row[index].map { $0 == "1" ? "true" : "false" } }
            for index in floats {
                row[index] = row[index].map { $0.hasSuffix(".0") ? String($0.dropLast(2)) : $0 }
            }
            if parts.last?.job != row[position] { parts.append((row[position], [])) }
            parts[parts.count - 1].rows.append(row)
        }
        return parts.map { SinkTable(columns: columns.map(Self.arrow), rows: $0.rows) }
    }

    func staged() throws -> [String] { try store.staging() }

    /// Arrow's name of the type that is written as this one.
    private static func arrow(_ column: String) -> String {
        let names = ["bigint": "int64", "nvarchar(max)": "string", "bit": "bool", "float": "double"]
        let parts = column.split(separator: ":", maxSplits: 1).map(String.init)
        return parts[0] + ":" + (names[parts[1]] ?? parts[1])
    }
}
