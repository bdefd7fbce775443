import CasparianSinks
import CasparianTestKit
import Foundation
import PostgreSQLSink
import Synchronization

/// A fresh database, and what psql sees in it.
final class PostgreSQLDatabase: SinkTarget {
    let server: PostgreSQLServer
    let name: String

    private static let count = Atomic(0)

    /// - Parameter server: Nil for the shared one.
    init(on server: PostgreSQLServer? = nil) throws {
        self.server = try server ?? PostgreSQLServer.shared.get()
        name = "test\(Self.count.add(1, ordering: .relaxed).newValue)"
        try self.server.psql("CREATE DATABASE \(name)")
    }

    var options: PostgreSQLOptions {
        PostgreSQLOptions(host: "127.0.0.1", port: server.port, database: name, user: "postgres")
    }

    let holdsNUL = false
    let columnsMax: Int? = 1_600
    let holdsHugeTexts = false
    func makeFactory() -> any SinkFactory { PostgreSQLSinkFactory(options: options) }
    func uri(_ table: String) -> String { "postgresql://public." + Self.quoted(table) }

    @discardableResult
    func psql(_ sql: String) throws -> String { try server.psql(sql, database: name) }

    /// A psql session in a transaction that has run a statement.
    func hold(_ sql: String) throws -> HeldTransaction { try HeldTransaction(sql, in: self) }

    static func quoted(_ name: String) -> String { "\"" + name.replacing("\"", with: "\"\"") + "\"" }
    static func literal(_ text: String) -> String { "'" + text.replacing("'", with: "''") + "'" }

    func visible(_ table: String) throws -> [SinkTable] {
        // Lineage comes last for a reader who expects it there; SQL's columns go by name.
        let columns = try psql(
            """
            COPY (SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
                WHERE attrelid = to_regclass(\(Self.literal("public." + Self.quoted(table)))) AND attnum > 0
                ORDER BY attname IN ('_job_id', '_file_version_id'), attnum) TO STDOUT
            """
        ).split(separator: "\n").map { line in line.split(separator: "\t").map { Self.unescaped($0) ?? "" } }
        guard !columns.isEmpty else { return [] }
        let names = columns.map { "\($0[0]):\(Self.arrowNames[$0[1]] ?? $0[1])" }
        let rows = try psql(
            """
            COPY (SELECT _job_id, \(columns.map { Self.quoted($0[0]) }.joined(separator: ", "))
                FROM public.\(Self.quoted(table)) ORDER BY _job_id, ctid) TO STDOUT
            """
        ).split(separator: "\n").map { line in
            line.split(separator: "\t", omittingEmptySubsequences: false).map(Self.unescaped)
        }
        var tables: [SinkTable] = []
        var last: String??
        for row in rows {
            if last != row[0] { tables.append(SinkTable(columns: names, rows: [])) }
            last = row[0]
            tables[tables.count - 1].rows.append(
                zip(row.dropFirst(), columns).map { cell, column in
                    column[1] == "boolean" ? cell.map { $0 == "t" ? "true" : "false" } : cell
                })
        }
        return tables
    }

    private static let arrowNames = [
        "bigint": "int64", "integer": "int32", "text": "string", "boolean": "bool", "double precision": "double",
    ]

    /// A cell of COPY's text form.
    private static func unescaped(_ text: some StringProtocol) -> String? {
        if text == "\\N" { return nil }
        var result = String.UnicodeScalarView()
        var isEscaped = false
        for scalar in text.unicodeScalars {
            if isEscaped {
                isEscaped = false
                result.append(
                    ["n": "\n", "r": "\r", "t": "\t", "b": "\u{8}", "f": "\u{c}", "v": "\u{b}"][scalar] ?? scalar)
            } else if scalar == "\\" {
                isEscaped = true
            } else {
                result.append(scalar)
            }
        }
        return String(result)
    }

    func staged() throws -> [String] {
        try psql("SELECT relname FROM pg_class WHERE relkind = 'r' AND relname ~ '_stg_[0-9]+$' ORDER BY 1")
            .split(separator: "\n").map(String.init)
    }
}
