import CasparianTestKit
import Testing

@Suite("PostgreSQL as every sink", .enabled(if: PostgreSQLServer.programs != nil))
struct ConformanceTests {
    @Test("does", arguments: SinkBehaviour.all)
    func behaviour(behaviour: SinkBehaviour) throws {
        try behaviour.check(try PostgreSQLDatabase())
    }
}

@Suite(.serialized, .enabled(if: SinkBehaviour.hasRoomForHuge && PostgreSQLServer.programs != nil))
struct PostgreSQLHugeTextTests {
    @Test("in PostgreSQL", arguments: SinkBehaviour.huge)
    func behaviour(behaviour: SinkBehaviour) throws {
        try behaviour.check(try PostgreSQLDatabase())
    }
}
