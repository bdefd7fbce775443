import CasparianModel
import CasparianSinks
import Foundation

/// A table and its schema.
struct TableName: Hashable, Sendable, CustomStringConvertible {
    let schema: Identifier
    let table: Identifier

    var quoted: String { schema.quoted + "." + table.quoted }
    /// As in a URI: a part that is more than a plain word is quoted.
    var description: String { Self.written(schema) + "." + Self.written(table) }

    /// What stands for something else where it is not quoted.
    private static let special: Set<Unicode.Scalar> = [".", "\"", "/", "@", ":", "?", " "]

    private static func written(_ part: Identifier) -> String {
        part.name.unicodeScalars.contains { special.contains($0) || $0.value < 32 } ? part.quoted : part.name
    }
}

extension TableName {
    /// `table`, `schema.table`, each as it stands or in double quotes (`"my.table"`, `""` for one quote).
    ///
    /// - Throws: `SinkError` with `.invalidURI`; never with a password that somebody wrote into the URI.
    init(uri: SinkURI, defaultSchema: String) throws(SinkError) {
        let parts = try Self.parts(of: uri)
        guard let table = parts.last, parts.count <= 2 else {
            throw Self.invalid(uri, "names more than a schema and a table; put a name with a dot into double quotes")
        }
        schema = Identifier(parts.count == 2 ? parts[0] : defaultSchema)
        self.table = Identifier(table)
        for (what, part) in [("schema", schema), ("table", self.table)] {
            if let problem = part.problem { throw Self.invalid(uri, "the \(what)'s name \(problem)") }
        }
        guard self.table != Identifier(LedgerEntry.table) else {
            throw Self.invalid(uri, "'\(LedgerEntry.table)' is the ledger; name another table")
        }
    }

    private static func parts(of uri: SinkURI) throws(SinkError) -> [String] {
        var parts: [String] = []
        var rest = uri.place.unicodeScalars[...]
        while true {
            parts.append(rest.first == "\"" ? try quotedPart(&rest, uri) : try plainPart(&rest, uri))
            guard let next = rest.popFirst() else { return parts }
            guard next == "." else { throw invalid(uri, "after a quoted name comes a dot or the end") }
        }
    }

    private static func plainPart(_ rest: inout Substring.UnicodeScalarView, _ uri: SinkURI) throws(SinkError) -> String
    {
        let part = rest.prefix { $0 != "." }
        rest = rest[part.endIndex...]
        guard !part.contains(where: { ["/", "@", ":", "\""].contains($0) }) else {
            throw SinkError(
                code: .invalidURI, target: uri.scheme + "://...",
                message: "is <table> or <schema>.<table>: server, database, user and password come from the worker's "
                    + "configuration. Put a name with one of / @ : \" into double quotes")
        }
        return String(part)
    }

    private static func quotedPart(
        _ rest: inout Substring.UnicodeScalarView, _ uri: SinkURI
    ) throws(SinkError) -> String {
        var part = String.UnicodeScalarView()
        rest.removeFirst()
        while let scalar = rest.popFirst() {
            if scalar != "\"" {
                part.append(scalar)
            } else if rest.first == "\"" {
                part.append(scalar)
                rest.removeFirst()
            } else {
                return String(part)
            }
        }
        throw invalid(uri, "a double quote is not closed (a name with ? cannot stand in a URI)")
    }

    private static func invalid(_ uri: SinkURI, _ reason: String) -> SinkError {
        SinkError(code: .invalidURI, target: uri.description, message: reason)
    }
}

extension TableName {
    private static let stagingInfix = "_stg_"

    /// `<table>_stg_<job>` in the same schema; of a long name only the beginning, and a hash of all of it.
    func staging(of job: JobID) -> TableName {
        let suffix = Self.stagingInfix + job.description
        let whole = Identifier(table.name + suffix)
        guard whole.problem != nil else { return TableName(schema: schema, table: whole) }
        let hash = "~" + String(Self.hash(table.name), radix: 36)
        var start = table.name[...]
        while start.utf8.count + hash.utf8.count + suffix.utf8.count > Identifier.bytesMax { start.removeLast() }
        return TableName(schema: schema, table: Identifier(start + hash + suffix))
    }

    /// Whether it looks like a staging table's name.
    var isStaging: Bool {
        guard let infix = table.name.range(of: Self.stagingInfix, options: .backwards) else { return false }
        return Int64(table.name[infix.upperBound...]) != nil
    }

    /// FNV-1a, 64 bits.
    private static func hash(_ text: String) -> UInt64 {
        text.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }
}
