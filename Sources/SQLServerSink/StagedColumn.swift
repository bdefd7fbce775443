import CasparianSinks
import Columnar

/// One of a job's columns, as staging has it.
struct StagedColumn: Hashable, Sendable {
    var name: String
    /// In the staging table.
    var type: SQLServerType
    var need: ColumnNeed
    /// Arrow's name of its type, for messages.
    var arrow: String
    /// Whether every integer so far is exact as a float of 53 bits.
    var isExactFloat = true
    /// Whether every unsigned integer so far is one that bigint holds.
    var isExactBigint = true

    static let lineage: Set<String> = ["_job_id", "_file_version_id"]
    /// Of a table, https://learn.microsoft.com/sql/sql-server/maximum-capacity-specifications-for-sql-server.
    static let countMax = 1024

    var isNullable: Bool { !Self.lineage.contains(name) }
    var definition: String {
        "\(SQLServerName.quoted(name)) \(type.text) \(isNullable ? "NULL" : "NOT NULL")"
    }

    mutating func note(_ findings: CellFindings) {
        need = need.joined(with: need.withLongest(findings.longest))
        isExactFloat = isExactFloat && findings.isExactFloat
        isExactBigint = isExactBigint && findings.isExactBigint
    }

    /// The columns of a batch, without those of nulls only: nothing says what type these are to be.
    ///
    /// - Throws: `SinkError`: a type or a name that SQL Server cannot have.
    static func columns(
        of batch: PlainColumns, textUnits: Int?, context: SinkContext
    ) throws(SinkError) -> [StagedColumn] {
        var found: [StagedColumn] = []
        for column in batch.columns {
            guard let need = ColumnNeed(column.type) else { continue }
            if case .decimal(_, let scale) = need, scale > SQLServerType.digitsMax {
                throw context.error(
                    .incompatibleColumn,
                    "column '\(column.name)' is \(column.type), and SQL Server's decimals have "
                        + "\(SQLServerType.digitsMax) digits; make it narrower, or a text")
            }
            guard (1...SQLServerName.unitsMax).contains(column.name.utf16.count) else {
                throw context.error(
                    .incompatibleColumn,
                    "column '\(column.name)' has no name that SQL Server takes: from 1 to "
                        + "\(SQLServerName.unitsMax) characters")
            }
            found.append(
                StagedColumn(
                    name: column.name,
                    type: column.type == .json ? .nvarchar(nil) : need.declared(textUnits: textUnits),
                    need: need, arrow: "\(column.type)"))
        }
        guard found.count <= countMax else {
            throw context.error(
                .incompatibleColumn,
                "there are \(found.count) columns, and a table of SQL Server has at most \(countMax); "
                    + "split the topic, or write it to Parquet")
        }
        return found
    }
}

extension [StagedColumn] {
    /// The first two whose names are one where case does not count; that is up to a database's collation.
    var differingInCase: (String, String)? {
        var seen: [String: String] = [:]
        for column in self {
            if let other = seen.updateValue(column.name, forKey: column.name.lowercased()) {
                return (other, column.name)
            }
        }
        return nil
    }
}

/// What a message says beside the reason.
struct SinkContext: Hashable, Sendable {
    var target: String
    var topic: String
    var file: String

    func error(
        _ code: SinkError.Code, _ reason: String, isTransient: Bool = false, isBusy: Bool = false
    ) -> SinkError {
        SinkError(
            code: code, target: target, message: "topic '\(topic)' of \(file): \(reason)", isTransient: isTransient,
            isBusy: isBusy)
    }
}
