import CasparianModel
import CasparianScheduling
import Testing

@Suite("A worker's room") struct RoomTests {
    @Test func `The jobs that an earlier sentinel gave a worker take up its room before it names them`() {
        let jobs: [JobID] = [4, 5]
        let running = jobs.map { job in
            RunningJob(
                id: job, pluginName: "p", attempt: 1, workerHost: SchedulerFixture.host, workerPID: 7,
                isHolderDead: false)
        }
        var fixture = SchedulerFixture(running: running)
        fixture.join("w", slots: 3)
        fixture.join("other", slots: 3, pid: 8)
        #expect(fixture.scheduler.openings().map(\.count) == [3, 1])
        // It names one of them; the other was lost on its way and is given up with its lease.
        fixture.receive(SchedulerFixture.heartbeat(4), from: "w")
        #expect(fixture.scheduler.openings().map(\.count) == [3, 1])
        for _ in 0..<20 {
            _ = fixture.pass(.seconds(1))
            fixture.receive(SchedulerFixture.heartbeat(4), from: "w")
            fixture.receive(SchedulerFixture.heartbeat(), from: "other")
        }
        #expect(fixture.scheduler.openings().map(\.count) == [3, 2])
    }
}
