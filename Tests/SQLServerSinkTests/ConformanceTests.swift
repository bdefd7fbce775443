import CasparianTestKit
import Testing

@Suite("Every sink")
struct SQLServerConformanceTests {
    @Test("in tables of SQL Server", arguments: SinkBehaviour.all)
    func sqlServer(behaviour: SinkBehaviour) throws {
        try behaviour.check(try SQLServerTarget())
    }
}

@Suite(.serialized, .enabled(if: SinkBehaviour.hasRoomForHuge))
struct SQLServerHugeTextTests {
    @Test("in tables of SQL Server", arguments: SinkBehaviour.huge)
    func sqlServer(behaviour: SinkBehaviour) throws {
        try behaviour.check(try SQLServerTarget())
    }
}
