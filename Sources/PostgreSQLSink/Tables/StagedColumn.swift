import CasparianSinks
import Columnar

/// A column of staging.
struct StagedColumn: Hashable, Sendable {
    var name: Identifier
    var type: SQLType
    /// Only nulls came: whatever the target's column is, they fit.
    var isOnlyNulls: Bool

    /// Names that every table of PostgreSQL has columns of already.
    private static let systemNames: Set<String> = ["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"]
    private static let systemProblem = "is one that PostgreSQL keeps for itself; rename the column in the plugin"

    var definition: String { name.quoted + " " + type.sql }

    /// The columns of a batch.
    ///
    /// - Throws: `SinkError` for what PostgreSQL has no name or room for.
    static func all(of plain: PlainColumns, for request: SinkRequest) throws(SinkError) -> [StagedColumn] {
        var columns: [StagedColumn] = []
        for column in plain.columns {
            let name = Identifier(column.name)
            if let problem = name.problem ?? (systemNames.contains(column.name) ? systemProblem : nil) {
                throw SinkError(
                    code: .rejected, target: request.uri.description,
                    message: "topic '\(request.topic)' of \(request.filePath): the column name '\(name)' \(problem)")
            }
            columns.append(StagedColumn(name: name, type: SQLType(column.type), isOnlyNulls: column.type == .null))
        }
        guard columns.count <= PostgreSQLOptions.columnsMax else {
            throw SinkError(
                code: .rejected, target: request.uri.description,
                message: "topic '\(request.topic)' of \(request.filePath) has \(columns.count) columns, and a table of "
                    + "PostgreSQL has up to \(PostgreSQLOptions.columnsMax); write it to Parquet, or split it in the "
                    + "plugin")
        }
        return columns
    }
}
