import CasparianModel
import CasparianScheduling
import CasparianWire
import Testing

@Suite("A lease") struct LeaseTests {
    @Test("ends when a worker is silent, and its jobs go back")
    func silent() {
        var fixture = SchedulerFixture()
        fixture.join("w")
        _ = fixture.give(1, to: "w")
        #expect(fixture.pass(.seconds(14)).requeued.isEmpty)
        let actions = fixture.pass(.seconds(3))
        #expect(actions.requeued == [1])
        #expect(actions.rows.map(\.status).contains(.offline))
        #expect(fixture.scheduler.workerCount == 0)
    }

    @Test("goes on for hours while heartbeats name the job")
    func renewed() {
        var fixture = SchedulerFixture()
        fixture.join("w")
        _ = fixture.give(1, to: "w")
        for _ in 0..<3600 {
            #expect(fixture.pass(.seconds(2)).requeued.isEmpty)
            fixture.receive(SchedulerFixture.heartbeat(1), from: "w")
        }
        #expect(fixture.scheduler.runningCount == 1)
    }

    @Test("ends for a job that the worker, though alive, never names: the order was lost")
    func lostOrder() {
        var fixture = SchedulerFixture()
        fixture.join("w")
        _ = fixture.give(1, to: "w")
        var requeued: [JobID] = []
        for _ in 0..<10 {
            requeued += fixture.pass(.seconds(2)).requeued
            fixture.receive(SchedulerFixture.heartbeat(), from: "w")
        }
        #expect(requeued == [1])
        #expect(fixture.scheduler.workerCount == 1)
    }

    @Test("does not end because the sentinel itself was stopped for an hour")
    func excused() {
        var fixture = SchedulerFixture()
        fixture.join("w")
        _ = fixture.give(1, to: "w")
        _ = fixture.pass(.seconds(2))
        fixture.elapsed += .seconds(3600)
        #expect(fixture.handle(.tick).requeued.isEmpty)
        #expect(fixture.pass(.seconds(20)).requeued == [1], "the lease itself still counts")
    }

    @Test("is short while the connection is down, and whole again when the worker is back")
    func disconnected() {
        var fixture = SchedulerFixture()
        fixture.join("w")
        _ = fixture.give(1, to: "w")
        fixture.handle(.disconnected("w"))
        _ = fixture.pass(.seconds(3))
        fixture.receive(SchedulerFixture.heartbeat(1), from: "w")
        #expect(fixture.pass(.seconds(10)).requeued.isEmpty)
        fixture.handle(.disconnected("w"))
        #expect(fixture.pass(.seconds(6)).requeued == [1])
    }

    @Test("is not needed by a plain worker, which blocks for an hour; it is lost with its connection")
    func plain() {
        var fixture = SchedulerFixture()
        fixture.joinPlain("w")
        _ = fixture.give(1, to: "w")
        #expect(fixture.pass(.seconds(3600)).requeued.isEmpty)
        #expect(fixture.handle(.disconnected("w")).requeued == [1])
    }

    @Test("of a plain worker ends with the deadline of its job")
    func plainDeadline() {
        var fixture = SchedulerFixture(policy: SchedulerPolicy(plainJobDeadline: .seconds(600)))
        fixture.joinPlain("w")
        _ = fixture.give(1, to: "w")
        #expect(fixture.pass(.seconds(599)).requeued.isEmpty)
        #expect(fixture.pass(.seconds(5)).requeued == [1])
    }

    @Test("is given up at once when a new process comes with the worker's name")
    func replaced() {
        var fixture = SchedulerFixture()
        fixture.join("w", pid: 7)
        _ = fixture.give(1, to: "w")
        #expect(fixture.join("w", pid: 7).requeued.isEmpty, "the same process only says who it is again")
        #expect(fixture.join("w", pid: 8).requeued == [1])
        #expect(fixture.scheduler.openings().map(\.count) == [1])
    }

    @Test("of an earlier sentinel goes on when the worker names the job in time, and ends when nobody does")
    func adopted() {
        let jobs = [1, 2, 3].map {
            RunningJob(id: JobID($0), pluginName: "p", attempt: 2, isHolderDead: $0 == 3)
        }
        var fixture = SchedulerFixture()
        #expect(fixture.handle(.started(jobs)).requeued == [3], "its worker is known to be dead")
        fixture.join("w", slots: 2)
        #expect(fixture.receive(SchedulerFixture.heartbeat(1), from: "w").notes == [.jobAdopted])
        #expect(fixture.scheduler.openings().map(\.count) == [1])
        var requeued: [JobID] = []
        for _ in 0..<10 {
            requeued += fixture.pass(.seconds(2)).requeued
            fixture.receive(SchedulerFixture.heartbeat(1), from: "w")
        }
        #expect(requeued == [2])
        #expect(fixture.receive(SchedulerFixture.success(attempt: 2), job: 1, from: "w").concluded == [1])
    }

    @Test("of a worker that asks before it promotes lasts while it is away, unless its process is dead")
    func away() {
        var fixture = SchedulerFixture()
        fixture.join("w", pid: 7)
        _ = fixture.give(1, to: "w")
        #expect(fixture.scheduler.away.isEmpty && fixture.handle(.died("w")).isEmpty)
        #expect(fixture.handle(.disconnected("w")).requeued.isEmpty)
        #expect(fixture.scheduler.away.map(\.pid) == [7] && fixture.scheduler.away.map(\.host) == ["here"])
        #expect(fixture.pass(.seconds(14)).requeued.isEmpty, "it may still promote")
        #expect(fixture.handle(.died("w")).requeued == [1])

        fixture.join("v", pid: 8)
        _ = fixture.give(2, to: "v")
        _ = fixture.handle(.disconnected("v"))
        #expect(fixture.pass(.seconds(16)).requeued == [2])
    }
}
