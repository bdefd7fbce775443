import CasparianTestKit
import Testing

@Suite("Every sink")
struct ConformanceTests {
    @Test("in memory", arguments: SinkBehaviour.all + SinkBehaviour.interruptions)
    func memory(behaviour: SinkBehaviour) throws {
        try behaviour.check(MemoryTarget())
    }

    @Test("in Parquet files", arguments: SinkBehaviour.all + SinkBehaviour.interruptions)
    func parquet(behaviour: SinkBehaviour) throws {
        try behaviour.check(try ParquetTarget())
    }

    @Test("in partitioned Parquet tables", arguments: SinkBehaviour.ofNumbers + SinkBehaviour.interruptions)
    func partitioned(behaviour: SinkBehaviour) throws {
        try behaviour.check(try PartitionTarget())
    }

    @Test("in an object store", arguments: SinkBehaviour.all + SinkBehaviour.interruptions)
    func objects(behaviour: SinkBehaviour) throws {
        try behaviour.check(try ObjectTarget())
    }
}

@Suite(.serialized, .enabled(if: SinkBehaviour.hasRoomForHuge))
struct HugeTextTests {
    @Test("in Parquet files", arguments: SinkBehaviour.huge)
    func parquet(behaviour: SinkBehaviour) throws {
        try behaviour.check(try ParquetTarget())
    }
}
