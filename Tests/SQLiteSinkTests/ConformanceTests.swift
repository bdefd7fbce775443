import CasparianTestKit
import Testing

@Suite struct SQLiteConformanceTests {
    @Test(arguments: SinkBehaviour.all)
    func `Every sink`(behaviour: SinkBehaviour) throws {
        try behaviour.check(try SQLiteTarget())
    }
}
