import CasparianCatalog
import CasparianTestKit
import Testing

@testable import SQLiteCatalog

@Suite("Every catalog")
struct ConformanceTests {
    @Test("in memory", arguments: CatalogBehaviour.all)
    func memory(behaviour: CatalogBehaviour) async throws {
        try await behaviour.check(InMemoryCatalog())
    }

    @Test("in SQLite", arguments: CatalogBehaviour.all)
    func sqlite(behaviour: CatalogBehaviour) async throws {
        let folder = try TemporaryFolder()
        try await behaviour.check(try SQLiteCatalog(path: folder.file("state.sqlite3")))
        withExtendedLifetime(folder) {}
    }
}
