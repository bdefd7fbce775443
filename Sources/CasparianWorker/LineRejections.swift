import CasparianModel
import CasparianSinks
import Columnar

/// Counts the records of a file that are no rows, and makes quarantine rows of them.
struct LineRejections {
    private(set) var count: Int64 = 0
    /// The first ones, for the message of a job that fails.
    private var examples: [String] = []

    private static let examplesMax = 3
    /// The word of such rows in the quarantine's column `code`.
    static let code = "record"

    /// - Parameter records: `line`, `reason`, `raw`, as `PluginOutput.reject` has them.
    /// - Returns: The same with the columns of a quarantine; they are no rows of the topic, so that they have no
    ///   `row_number` and no column, but a `line`.
    mutating func take(_ records: RecordBatch) throws(ColumnarError) -> RecordBatch {
        let cells = try records.cellTexts(rows: 0..<records.rowCount)
        count += Int64(cells.count)
        for row in cells.prefix(max(Self.examplesMax - examples.count, 0)) {
            examples.append("line \(row[0] ?? "?"): \(row[1] ?? "")")
        }
        let lines = cells.map { $0[0].flatMap { Int64($0) } }
        return try RecordBatch(columns: [
            ("row_number", .int64(cells.map { _ in nil })), ("column", .string(cells.map { _ in nil })),
            ("reason", .string(cells.map { $0[1] })), ("raw", .string(cells.map { $0[2] })),
            ("record", .string(lines.map { "{\"line\": \($0 ?? 0)}" })),
            ("code", .string(cells.map { _ in Self.code })), ("line", .int64(lines)),
        ])
    }

    /// - Throws: `ContractBreach` when more of the file is no row than may be.
    func checkShare(rows: Int64, atMost share: Double, _ request: SinkRequest) throws(ContractBreach) {
        guard count > 0, Double(count) / Double(rows + count) > share else { return }
        let error = SinkError(
            code: .rejected, target: request.uri.description,
            message:
                "topic '\(request.topic)' of \(request.filePath): \(count) of \(rows + count) records are no rows, and "
                + "at most a share of \(share) may be; nothing was written. "
                + examples.joined(separator: "; ") + (count > Int64(examples.count) ? "; ..." : "")
                + ". Is it the right delimiter and quote? casparian plugins set \(request.pluginName) --parameters JSON; "
                + "a contract's max_quarantined sets another share")
        throw ContractBreach(error: error)
    }
}
