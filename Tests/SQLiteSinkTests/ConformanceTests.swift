import CasparianTestKit
import Testing

@Suite struct SQLiteConformanceTests {
    @Test(arguments: SinkBehaviour.all)
    func `Every sink`(behaviour: SinkBehaviour) throws {
        try behaviour.check(try SQLiteTarget())
    }
}

@Suite(.serialized, .enabled(if: SinkBehaviour.hasRoomForHuge))
struct SQLiteHugeTextTests {
    @Test(arguments: SinkBehaviour.huge)
    func `Every sink`(behaviour: SinkBehaviour) throws {
        try behaviour.check(try SQLiteTarget())
    }
}
