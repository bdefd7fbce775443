import CasparianModel
import Columnar

/// Finds out what the columns of a topic are. Confined to one thread.
public final class TopicObserver {
    private var observers: [String: ColumnObserver] = [:]
    private var names: [String] = []
    private var rows: Int64 = 0
    /// Of the file that is being read.
    private var fileRows: Int64 = 0

    public init() {}

    /// The next batches are of another file.
    public func beginFile() { fileRows = 0 }

    /// Looks at every value of a batch.
    ///
    /// - Parameters:
    ///   - batch: As the plugin made it; columns that the worker adds are passed over.
    ///   - file: Named in evidence.
    /// - Throws: `ColumnarError`.
    public func add(_ batch: RecordBatch, file: String) throws(ColumnarError) {
        for field in batch.schema.fields where !Contract.reservedColumns.contains(field.name) {
            let observer: ColumnObserver
            if let known = observers[field.name] {
                observer = known
            } else {
                observer = try ColumnObserver(name: field.name)
                observers[field.name] = observer
                names.append(field.name)
            }
            try observer.add(batch, type: field.type, file: file, firstRow: fileRows + 1)
        }
        rows += Int64(batch.rowCount)
        fileRows += Int64(batch.rowCount)
    }

    /// What is known by now, in the order in which the columns came. A column that some batches did not have has their rows
    /// as nulls.
    public var findings: [ColumnFinding] {
        names.compactMap { observers[$0] }.map { observer in
            var finding = observer.finding
            finding.nulls += rows - finding.rows
            finding.rows = rows
            return finding
        }
    }

    /// A contract that everything seen fits.
    ///
    /// - Parameters:
    ///   - name: The contract's.
    ///   - isStrict: See `ColumnFinding.column`.
    public func proposal(name: String, isStrict: Bool) -> Contract {
        Contract(name: name, columns: findings.map { $0.column(isStrict: isStrict) })
    }
}
