import CasparianModel
import GRDB

/// Short forms for cached statements: each text of SQL is prepared once for each connection.
extension Database {
    typealias Value = (any DatabaseValueConvertible)?

    func run(_ sql: String, _ values: [Value] = []) throws {
        try cachedStatement(sql: sql).execute(arguments: StatementArguments(values))
    }

    func first<Result>(_ sql: String, _ values: [Value] = [], _ read: (Row) throws -> Result) throws -> Result? {
        let rows = try Row.fetchCursor(cachedStatement(sql: sql), arguments: StatementArguments(values))
        return try rows.next().map(read)
    }

    func all<Result>(_ sql: String, _ values: [Value] = [], _ read: (Row) throws -> Result) throws -> [Result] {
        let rows = try Row.fetchCursor(cachedStatement(sql: sql), arguments: StatementArguments(values))
        var results: [Result] = []
        while let row = try rows.next() { results.append(try read(row)) }
        return results
    }

    func integer(_ sql: String, _ values: [Value] = []) throws -> Int64? {
        try first(sql, values) { $0.integer(0) } ?? nil
    }
}

/// Tolerant reading: files of the earlier implementation may hold NULL where we always write a value.
extension Row {
    func integer(_ index: Int) -> Int64? { Int64.fromDatabaseValue(self[index]) }
    func text(_ index: Int) -> String? { String.fromDatabaseValue(self[index]) }
    func number(_ index: Int) -> Double? { Double.fromDatabaseValue(self[index]) }
    func time(_ index: Int) -> Timestamp? { text(index).flatMap { Timestamp($0) } }
    func id<ID: CatalogIdentifier>(_ index: Int) -> ID { ID(integer(index) ?? 0) }
}

extension Timestamp {
    /// Stands for a time that is missing or unreadable in the file.
    static let unknown = Timestamp(microsecondsSinceEpoch: 0)
}
