import CasparianModel
import CasparianSinks

/// What the extended property of a staging table says: that it is one, of which job, and what is in it once it is
/// whole.
struct StagingMark {
    private static let version = "1"
    /// Of a property's value.
    private static let bytesMax = 7500

    let jobID: Int64
    /// Of the job's origin.
    let fingerprint: String
    let rows: Int64?
    /// What the columns need, in their order; empty until the table is whole.
    private let needs: [String]

    init(origin: RowOrigin, prepared: (rows: Int64, columns: [StagedColumn])?) {
        jobID = origin.jobID.rawValue
        fingerprint = Self.fingerprint(origin)
        rows = prepared?.rows
        needs = prepared?.columns.map(\.code) ?? []
    }

    func isOf(_ origin: RowOrigin) -> Bool { fingerprint == Self.fingerprint(origin) }

    private init?(_ text: String) {
        let parts = text.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 5, parts[0] == Self.version, let job = Int64(parts[1]) else { return nil }
        jobID = job
        fingerprint = String(parts[2])
        rows = Int64(parts[3])
        needs = parts[4].split(separator: ",").map(String.init)
    }

    private var text: String {
        "\(Self.version) \(jobID) \(fingerprint) \(rows.map(String.init) ?? "-") \(needs.joined(separator: ","))"
    }

    /// The statement that gives it to a new table.
    func adding(to place: SQLServerPlace) -> String { statement("sp_addextendedproperty", place) }

    /// The statement that changes it; nil if it is too long for a property, and the job then has to run again when its
    /// process dies now.
    func updating(_ place: SQLServerPlace) -> String? {
        text.utf8.count <= Self.bytesMax ? statement("sp_updateextendedproperty", place) : nil
    }

    private func statement(_ procedure: String, _ place: SQLServerPlace) -> String {
        """
        EXEC \(procedure) @name = N'\(StagingTable.property)', @value = '\(text)', @level0type = N'SCHEMA', \
        @level0name = \(SQLServerName.literal(place.schema)), @level1type = N'TABLE', \
        @level1name = \(SQLServerName.literal(place.table))
        """
    }

    /// Nil if the table is not ours.
    static func read(_ place: SQLServerPlace, on connection: SQLServerConnection) throws(SinkError) -> StagingMark? {
        let rows = try connection.query(
            """
            SELECT CAST(p.value AS varchar(8000)) FROM sys.extended_properties p
            JOIN sys.tables t ON t.object_id = p.major_id JOIN sys.schemas s ON s.schema_id = t.schema_id
            WHERE p.class = 1 AND p.minor_id = 0 AND p.name = N'\(StagingTable.property)'
            AND s.name = \(SQLServerName.literal(place.schema)) AND t.name = \(SQLServerName.literal(place.table))
            """)
        return rows.first?.first?.flatMap { StagingMark($0) }
    }

    /// All staging tables of the database.
    static func places(on connection: SQLServerConnection) throws(SinkError) -> [SQLServerPlace] {
        try connection.query(
            """
            SELECT s.name, t.name FROM sys.extended_properties p
            JOIN sys.tables t ON t.object_id = p.major_id JOIN sys.schemas s ON s.schema_id = t.schema_id
            WHERE p.class = 1 AND p.minor_id = 0 AND p.name = N'\(StagingTable.property)' ORDER BY s.name, t.name
            """
        ).map { SQLServerPlace(schema: $0[0] ?? "", table: $0[1] ?? "") }
    }

    /// The columns of a whole staging table; nil if this is not what it has.
    func columns(of table: TargetTable) -> [StagedColumn]? {
        guard needs.count == table.columns.count else { return nil }
        var found: [StagedColumn] = []
        for (column, code) in zip(table.columns, needs) {
            guard let staged = StagedColumn(column, code: code) else { return nil }
            found.append(staged)
        }
        return found
    }

    /// FNV-1a of 64 bits over all of an origin, http://www.isthe.com/chongo/tech/comp/fnv.
    private static func fingerprint(_ origin: RowOrigin) -> String {
        let parts = [
            "\(origin.jobID)", "\(origin.fileVersionID)", origin.plugin, origin.topic, origin.file,
            origin.contentHash.map { "\($0)" } ?? "",
        ]
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for part in parts {
            for byte in Array(part.utf8) + [0] { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        }
        return String(hash, radix: 16)
    }
}

extension StagedColumn {
    /// The need as a word without commas and blanks.
    fileprivate var code: String {
        let flags = (isExactFloat ? "" : "!") + (isExactBigint ? "" : "?")
        switch need {
        case .bool: return "b" + flags
        case .integer(let bits, let isSigned): return "\(isSigned ? "i" : "u")\(bits)" + flags
        case .float(let bits): return "f\(bits)" + flags
        case .decimal(let precision, let scale): return "d\(precision).\(scale)" + flags
        case .date: return "D" + flags
        case .time(let digits): return "t\(digits)" + flags
        case .moment(let digits): return "m\(digits)" + flags
        case .zoned(let digits): return "z\(digits)" + flags
        case .text(let units): return "s\(units)" + flags
        case .binary(let bytes): return "y\(bytes)" + flags
        case .identifier: return "g" + flags
        }
    }

    fileprivate init?(_ column: TargetTable.Column, code: String) {
        let isExactFloat = !code.contains("!")
        let isExactBigint = !code.contains("?")
        let numbers = code.dropFirst().filter { $0 != "!" && $0 != "?" }.split(separator: ".").compactMap { Int($0) }
        let first = numbers.first ?? 0
        let need: ColumnNeed
        switch code.first {
        case "b": need = .bool
        case "i": need = .integer(bits: first, isSigned: true)
        case "u": need = .integer(bits: first, isSigned: false)
        case "f": need = .float(bits: first)
        case "d": need = .decimal(precision: first, scale: numbers.count > 1 ? numbers[1] : 0)
        case "D": need = .date
        case "t": need = .time(first)
        case "m": need = .moment(first)
        case "z": need = .zoned(first)
        case "s": need = .text(first)
        case "y": need = .binary(first)
        case "g": need = .identifier
        default: return nil
        }
        self.init(
            name: column.name, type: column.type, need: need, arrow: column.type.text, isExactFloat: isExactFloat,
            isExactBigint: isExactBigint)
    }
}
