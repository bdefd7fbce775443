import CPostgreSQL

/// What a statement gave, as texts.
final class Answer {
    private let handle: OpaquePointer

    init(owning handle: OpaquePointer) { self.handle = handle }
    deinit { PQclear(handle) }

    var rowCount: Int { Int(PQntuples(handle)) }

    /// How many rows it inserted, deleted, updated or copied.
    var affected: Int64 { Int64(String(cString: PQcmdTuples(handle))) ?? 0 }

    func text(_ row: Int, _ column: Int) -> String? {
        guard PQgetisnull(handle, Int32(row), Int32(column)) == 0 else { return nil }
        return String(cString: PQgetvalue(handle, Int32(row), Int32(column)))
    }

    func int64(_ row: Int, _ column: Int) -> Int64? { text(row, column).flatMap { Int64($0) } }
    func isTrue(_ row: Int, _ column: Int) -> Bool { text(row, column) == "t" }
}
