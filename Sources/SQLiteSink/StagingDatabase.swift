import CasparianModel
import CasparianSinks
import Columnar
import Foundation
import StagingFiles

/// A job's rows for one table, in a database file of its own until they are promoted.
///
/// A file and not a table beside the target: others read and write the target meanwhile, nothing of it grows for a job
/// that fails, and staging needs neither journal nor sync (docs/decisions/sqlite-staging.md).
final class StagingDatabase {
    private let file: StagingFile
    private var connection: SQLiteConnection?
    private let place: SQLitePlace
    private let options: SQLiteOptions
    private(set) var layout: SQLiteTable
    private(set) var rows: Int64 = 0
    private var inserter: BatchInserter?
    /// Columns of the batches that `inserter` takes.
    private var inserted: [String] = []

    var path: String { file.path }
    var table: String { layout.name }

    static let originTable = "_casparian_staged"
    private static let pageCacheKibibytes = 16 * 1024

    /// Makes the file anew.
    ///
    /// - Parameters:
    ///   - place: Where it lies.
    ///   - job: Whose rows.
    ///   - layout: The target's columns, in its order, then the job's new ones: then promotion copies whole records.
    ///   - options: How values without a type of SQLite's are written.
    init(_ place: SQLitePlace, job: JobID, layout: SQLiteTable, options: SQLiteOptions) throws {
        self.place = place
        self.options = options
        try Folder.make((place.staging as NSString).deletingLastPathComponent)
        file = try StagingFile(path: place.staging)
        truncate(place.staging, 0)
        let made = try SQLiteConnection(path: place.staging, creates: true, target: place.artifactURI)
        self.layout = SQLiteTable(name: "\(place.table)_stg_\(job)", columns: layout.columns)
        connection = made
        try made.execute("PRAGMA journal_mode = OFF")
        try made.execute("PRAGMA synchronous = OFF")
        try made.execute("PRAGMA locking_mode = EXCLUSIVE")
        try made.execute("PRAGMA cache_size = -\(Self.pageCacheKibibytes)")
        try made.execute("BEGIN")
        try made.execute(self.layout.creation(as: self.layout.name))
    }

    /// Takes over what an earlier process staged; nil unless it is whole, of that origin and that many rows.
    init?(resuming place: SQLitePlace, origin: RowOrigin, rows: Int64, options: SQLiteOptions) throws {
        self.place = place
        self.options = options
        guard FileManager.default.fileExists(atPath: place.staging) else { return nil }
        file = try StagingFile(path: place.staging)
        guard let opened = try? SQLiteConnection(path: place.staging, creates: false, target: place.artifactURI),
            let table = try? SQLiteTable.read(
                "\(place.table)_stg_\(origin.jobID)", on: opened),
            let told = try? opened.query(
                "SELECT origin, rows FROM \(Self.originTable)", [], { ($0.text(0), $0.int64(1)) }),
            told.count == 1, told[0].1 == rows,
            let staged = try? JSONDecoder().decode(RowOrigin.self, from: Data(told[0].0.utf8)),
            staged.isSameJob(as: origin),
            (try? opened.count("SELECT count(*) FROM \(SQLiteName.quoted(table.name))")) == rows
        else { return nil }
        layout = table
        self.rows = rows
    }

    /// Stages a batch whose columns `layout` has.
    func insert(_ batch: RecordBatch) throws {
        guard let connection else { preconditionFailure("nothing is staged after prepare") }
        let plain = try batch.plainColumns()
        let names = plain.columns.map(\.name)
        if inserter == nil || inserted != names {
            let columns = names.compactMap { layout.column(SQLiteName.key($0)) }
            inserter = BatchInserter(connection, table: layout.name, columns: columns, options: options)
            inserted = names
        }
        try inserter?.insert(plain, rowsBefore: rows)
        rows += Int64(plain.rowCount)
    }

    /// Gives what is staged new columns and wider types.
    func change(_ change: TableChange) throws(SinkError) {
        guard let connection else { preconditionFailure("nothing is staged after prepare") }
        inserter = nil
        try TableRewrite(connection: connection, schema: "main").apply(change, to: layout)
        layout = try SQLiteTable.read(layout.name, on: connection) ?? layout
    }

    /// Writes everything out and notes whose it is.
    func finish(_ origin: RowOrigin) throws {
        guard let connection else { return }
        inserter = nil
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let text = String(decoding: try encoder.encode(origin), as: UTF8.self)
        try connection.execute("CREATE TABLE \(Self.originTable) (origin TEXT, rows INTEGER)")
        try connection.run("INSERT INTO \(Self.originTable) VALUES (?, ?)", [.text(text), .int64(rows)])
        try connection.execute("COMMIT")
        self.connection = nil
    }

    func remove() {
        inserter = nil
        connection = nil
        file.remove()
    }
}
