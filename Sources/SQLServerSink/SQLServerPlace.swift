import CasparianModel
import CasparianSinks

/// The table that a URI names: `mssql://table` or `mssql://schema.table`.
///
/// A name with a dot or a bracket stands in brackets, where `]]` is a `]`: `mssql://[my schema].[a.b]`.
struct SQLServerPlace: Hashable, Sendable {
    static let defaultSchema = "dbo"
    /// A table's name, in UTF-16 units: `stg_`, `_` and a job's number must find room in the staging table's name.
    static let tableUnitsMax = SQLServerName.unitsMax - "stg__".utf16.count - String(Int64.max).utf16.count

    let schema: String
    let table: String

    init(uri: SinkURI) throws(SinkError) {
        func invalid(_ reason: String) -> SinkError {
            SinkError(
                code: .invalidURI, target: uri.description,
                message: "\(reason); a table of SQL Server is mssql://table or mssql://schema.table, and a name with a "
                    + "dot stands in brackets: mssql://[a.b]")
        }
        guard let parts = Self.parts(uri.place) else { throw invalid("the brackets do not match") }
        guard (1...2).contains(parts.count) else {
            throw invalid("there are \(parts.count) names; server and database come from the worker's configuration")
        }
        for part in parts {
            guard !part.isEmpty else { throw invalid("a name is missing") }
            guard !part.unicodeScalars.contains(where: { $0.value < 0x20 }) else {
                throw invalid("a name has control characters")
            }
            guard part.utf16.count <= SQLServerName.unitsMax else {
                throw invalid("a name has more than \(SQLServerName.unitsMax) characters")
            }
        }
        schema = parts.count == 2 ? parts[0] : Self.defaultSchema
        table = parts[parts.count - 1]
        guard table.utf16.count <= Self.tableUnitsMax else {
            throw invalid("the table's name has more than \(Self.tableUnitsMax) characters")
        }
        let reserved = [LedgerEntry.table]
        guard !reserved.contains(where: { $0.lowercased() == table.lowercased() }) else {
            throw invalid("'\(table)' is the ledger's name")
        }
    }

    init(schema: String, table: String) {
        self.schema = schema
        self.table = table
    }

    /// For SQL.
    var quoted: String { SQLServerName.quoted(schema: schema, table: table) }
    var ledger: String { SQLServerName.quoted(schema: schema, table: LedgerEntry.table) }
    /// As the ledger and the artifact's URI have it: in brackets where a name needs them.
    var text: String { [schema, table].map(Self.bracketed).joined(separator: ".") }
    var artifactURI: String { "mssql://" + text }

    /// Where a job's rows wait.
    func staging(_ job: JobID) -> SQLServerPlace {
        SQLServerPlace(schema: schema, table: "stg_\(table)_\(job)")
    }

    private static func bracketed(_ name: String) -> String {
        let needs = name.contains { ".[]".contains($0) }
        return needs ? SQLServerName.quoted(name) : name
    }

    /// Names between dots; nil if brackets do not match.
    private static func parts(_ place: String) -> [String]? {
        var parts: [String] = []
        var rest = Substring(place).unicodeScalars
        while true {
            var part = String.UnicodeScalarView()
            if rest.first == "[" {
                rest.removeFirst()
                while true {
                    guard let scalar = rest.popFirst() else { return nil }
                    if scalar == "]" {
                        guard rest.first == "]" else { break }
                        rest.removeFirst()
                    }
                    part.append(scalar)
                }
                guard rest.isEmpty || rest.first == "." else { return nil }
            } else {
                while let scalar = rest.first, scalar != "." {
                    guard scalar != "[", scalar != "]" else { return nil }
                    part.append(scalar)
                    rest.removeFirst()
                }
            }
            parts.append(String(part))
            guard rest.popFirst() != nil else { return parts }
        }
    }
}
