import CasparianSinks
import Columnar

/// What a URI says about values that SQLite has no type for.
struct SQLiteOptions: Hashable, Sendable {
    enum Decimals: String, Sendable { case text, scaled }
    enum UnsignedIntegers: String, Sendable { case integer, text }

    var decimals = Decimals.text
    var unsignedIntegers = UnsignedIntegers.integer
    /// Whether a file or table that is missing is made.
    var creates = true

    init() {}

    /// - Throws: `SinkError` with `.invalidURI` for an option or word that means nothing here.
    init(_ uri: SinkURI) throws(SinkError) {
        for (key, value) in uri.options.sorted(by: { $0.key < $1.key }) {
            switch key {
            case "mode": break
            case "chunksize": _ = try Self.positive(key, value, uri)
            case "decimal": decimals = try Self.word(key, value, ["text", "scaled"], uri)
            case "uint64": unsignedIntegers = try Self.word(key, value, ["integer", "text"], uri)
            case "create":
                guard ["yes", "no"].contains(value) else { throw Self.unknown(key, value, "yes or no", uri) }
                creates = value == "yes"
            default:
                throw SinkError(
                    code: .invalidURI, target: uri.description,
                    message: "there is no option '\(key)'; there are chunksize, create, decimal, mode and uint64")
            }
        }
    }

    private static func positive(_ key: String, _ value: String, _ uri: SinkURI) throws(SinkError) -> Int {
        guard let number = Int(value), number > 0 else { throw unknown(key, value, "a whole number above 0", uri) }
        return number
    }

    private static func word<Word: RawRepresentable<String>>(
        _ key: String, _ value: String, _ words: [String], _ uri: SinkURI
    ) throws(SinkError) -> Word {
        guard let word = Word(rawValue: value) else { throw unknown(key, value, words.joined(separator: " or "), uri) }
        return word
    }

    private static func unknown(_ key: String, _ value: String, _ possible: String, _ uri: SinkURI) -> SinkError {
        SinkError(code: .invalidURI, target: uri.description, message: "\(key) is \(possible), not '\(value)'")
    }
}

/// How SQLite treats what is stored in a column, by the words in its declared type
/// (https://sqlite.org/datatype3.html, section 3.1).
enum Affinity {
    case integer, text, none, real, numeric

    init(declared: String) {
        let type = declared.uppercased()
        if type.contains("INT") {
            self = .integer
        } else if type.contains("CHAR") || type.contains("CLOB") || type.contains("TEXT") {
            self = .text
        } else if type.isEmpty || type.contains("BLOB") {
            self = .none
        } else if type.contains("REAL") || type.contains("FLOA") || type.contains("DOUB") {
            self = .real
        } else {
            self = .numeric
        }
    }
}

/// One column of a table.
struct SQLiteColumn: Hashable, Sendable {
    var name: String
    /// As declared; a type of ours says what the values are and has the affinity that keeps them as they are.
    var declared: String

    var definition: String { declared.isEmpty ? SQLiteName.quoted(name) : SQLiteName.quoted(name) + " " + declared }
    var key: [UInt8] { SQLiteName.key(name) }
    var affinity: Affinity { Affinity(declared: declared) }

    /// The type that a new column of that Arrow type is declared with.
    static func declaration(_ type: ColumnType, _ options: SQLiteOptions) -> String {
        switch type {
        case .null: ""
        case .bool: "BOOLEAN"
        case .integer(bits: 64, isSigned: false):
            options.unsignedIntegers == .text ? "UNSIGNED_TEXT" : "INTEGER"
        case .integer: "INTEGER"
        case .float: "REAL"
        case .decimal(_, let scale): options.decimals == .text ? "DECIMAL_TEXT" : "INTEGER_SCALE_\(max(0, scale))"
        case .text: "TEXT"
        case .binary: "BLOB"
        case .uuid: "UUID_TEXT"
        case .date: "DATE_TEXT"
        case .time: "TIME_TEXT"
        case .timestamp(_, let zone): zone == nil ? "TIMESTAMP_TEXT" : "TIMESTAMPTZ_TEXT"
        case .duration(let unit):
            switch unit {
            case .second: "INTEGER_SECONDS"
            case .millisecond: "INTEGER_MILLISECONDS"
            case .microsecond: "INTEGER_MICROSECONDS"
            case .nanosecond: "INTEGER_NANOSECONDS"
            }
        case .json: "JSON_TEXT"
        }
    }
}

/// What happens when values of a type come to a column that is there.
enum ColumnFit: Equatable {
    case fits
    /// The column has to be declared anew, with its values kept.
    case widens(to: String)
    case conflict

    private static let words: Set<String> = [
        "BOOLEAN", "INTEGER", "REAL", "TEXT", "BLOB", "DECIMAL_TEXT", "UNSIGNED_TEXT", "UUID_TEXT", "DATE_TEXT",
        "TIME_TEXT", "TIMESTAMP_TEXT", "TIMESTAMPTZ_TEXT", "INTEGER_SECONDS", "INTEGER_MILLISECONDS",
        "INTEGER_MICROSECONDS", "INTEGER_NANOSECONDS", "JSON_TEXT",
    ]

    /// - Parameters:
    ///   - incoming: As this sink declares a column of those values.
    ///   - declared: As the column is declared, by us or others.
    init(_ incoming: String, into declared: String) {
        let present = declared.uppercased()
        if incoming.isEmpty || present == incoming.uppercased() {
            self = .fits
        } else if present.isEmpty {
            // Nothing but nulls came until now, or somebody wants it without a type: it keeps all as it is.
            self = .fits
        } else if present == "INTEGER", incoming == "REAL" {
            self = .widens(to: "REAL")
        } else if present == "REAL", incoming == "INTEGER" {
            self = .fits
        } else if Self.words.contains(present) || present.hasPrefix("INTEGER_SCALE_") {
            self = .conflict
        } else {
            self = Self.isKept(incoming, by: Affinity(declared: declared)) ? .fits : .conflict
        }
    }

    /// Whether a column that others declared keeps the values as they are.
    private static func isKept(_ incoming: String, by affinity: Affinity) -> Bool {
        switch affinity {
        case .none: true
        case .integer: Affinity(declared: incoming) == .integer || incoming == "BOOLEAN"
        case .text: Affinity(declared: incoming) == .text
        case .real: incoming == "REAL" || incoming == "INTEGER"
        case .numeric:
            // None of these texts looks like a number, which such a column would make of it.
            [
                "BOOLEAN", "INTEGER", "DATE_TEXT", "TIME_TEXT", "TIMESTAMP_TEXT", "TIMESTAMPTZ_TEXT", "UUID_TEXT",
            ].contains(incoming)
        }
    }
}

/// One of a job's columns.
struct SQLiteField: Equatable {
    var column: SQLiteColumn
    /// Its type as the job has it, for messages.
    var type: String

    static func fields(of batch: RecordBatch, _ options: SQLiteOptions) throws(ColumnarError) -> [SQLiteField] {
        try batch.slice(from: 0, count: 0).plainColumns().columns.map { column in
            let declared = SQLiteColumn.declaration(column.type, options)
            return SQLiteField(
                column: SQLiteColumn(name: column.name, declared: declared),
                type: declared.isEmpty ? "\(column.type)" : "\(column.type) (\(declared))")
        }
    }
}
