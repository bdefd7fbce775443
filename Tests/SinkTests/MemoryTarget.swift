import CasparianSinks
import CasparianTestKit

/// Tables in memory.
struct MemoryTarget: SinkTarget {
    let tables = MemoryTables()

    func makeFactory() -> any SinkFactory { MemorySinkFactory(tables: tables) }
    func uri(_ table: String) -> String { "memory://\(table)" }
    func visible(_ table: String) throws -> [SinkTable] { try tables.promotions(at: table).map { try SinkTable($0) } }
    func staged() throws -> [String] { [] }
}
