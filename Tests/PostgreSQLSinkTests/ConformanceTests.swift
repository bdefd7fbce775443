import CasparianTestKit
import Testing

@Suite("PostgreSQL as every sink", .enabled(if: PostgreSQLServer.programs != nil))
struct ConformanceTests {
    @Test("does", arguments: SinkBehaviour.all)
    func behaviour(behaviour: SinkBehaviour) throws {
        try behaviour.check(try PostgreSQLDatabase())
    }
}
