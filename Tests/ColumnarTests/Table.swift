import CasparianTestKit
import Columnar

/// All of a source: its columns as `name:type`, and its cells as texts.
struct Table: Equatable {
    var columns: [String] = []
    var rows: [[String?]] = []

    init(columns: [String], rows: [[String?]]) {
        self.columns = columns
        self.rows = rows
    }

    init(_ source: BatchSource) throws {
        columns = source.schema.fields.map { "\($0.name):\($0.type)" }
        while let batch = try source.next() { rows += try batch.cellTexts(rows: 0..<batch.rowCount) }
    }

    init(_ batch: RecordBatch) throws {
        columns = batch.schema.fields.map { "\($0.name):\($0.type)" }
        rows = try batch.cellTexts(rows: 0..<batch.rowCount)
    }
}

/// Reads CSV text; begins anew with wider types as the runner does.
func readCSV(_ text: String, _ change: (inout CSVOptions) -> Void = { _ in }) throws -> Table {
    let folder = try TemporaryFolder()
    return try readCSVFile(try folder.write(text), change)
}

func readCSVFile(_ path: String, _ change: (inout CSVOptions) -> Void = { _ in }) throws -> Table {
    var options = CSVOptions()
    change(&options)
    do {
        return try Table(BatchReader.csv(path: path, options: options))
    } catch let error as ColumnarError where error.code == .typeConflict {
        options.types = error.widerTypes
        return try Table(BatchReader.csv(path: path, options: options))
    }
}

/// The error that `body` throws; nil if it throws none.
func columnarError(_ body: () throws -> Void) -> ColumnarError? {
    do {
        try body()
        return nil
    } catch {
        return error as? ColumnarError
    }
}
