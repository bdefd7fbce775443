import CasparianModel
import CasparianScheduling
import CasparianWire
import Testing

@Suite("A receipt") struct ReceiptTests {
    /// Job 1 was taken from `old` and given to `new`.
    private func takenAway() -> SchedulerFixture {
        var fixture = SchedulerFixture()
        fixture.join("old", pid: 7)
        _ = fixture.give(1, to: "old")
        _ = fixture.pass(.seconds(17))
        fixture.join("new", pid: 8)
        fixture.join("old", pid: 7)
        _ = fixture.give(1, to: "new", attempt: 2)
        return fixture
    }

    @Test("of success counts although the job was taken away; who runs it now stops")
    func lateSuccess() {
        var fixture = takenAway()
        let actions = fixture.receive(SchedulerFixture.success(attempt: 1), job: 1, from: "old")
        #expect(actions.concluded == [1])
        #expect(actions.sent(to: "new").map(\.body) == [.abort])
        let second = fixture.receive(SchedulerFixture.failure(attempt: 2), job: 1, from: "new")
        #expect(second.concluded.isEmpty)
    }

    @Test("of failure does not count after the job was taken away")
    func lateFailure() {
        var fixture = takenAway()
        let actions = fixture.receive(SchedulerFixture.failure(attempt: 1), job: 1, from: "old")
        #expect(actions.concluded.isEmpty)
        #expect(actions.notes == [.receiptRefused])
        #expect(fixture.receive(SchedulerFixture.success(attempt: 2), job: 1, from: "new").concluded == [1])
    }

    @Test("for somebody else's job is refused, success or not", arguments: [true, false])
    func forged(isSuccess: Bool) {
        var fixture = SchedulerFixture()
        fixture.join("holder", pid: 7)
        fixture.join("liar", pid: 8)
        _ = fixture.give(1, to: "holder")
        let body = isSuccess ? SchedulerFixture.success() : SchedulerFixture.failure()
        #expect(fixture.receive(body, job: 1, from: "liar").concluded.isEmpty)
        #expect(fixture.receive(body, job: 99, from: "liar").concluded.isEmpty)
        #expect(fixture.receive(body, job: .max, from: "liar").concluded.isEmpty)
        #expect(fixture.receive(body, job: 1, from: "holder").concluded == [1])
    }

    @Test("that comes twice counts once")
    func twice() {
        var fixture = SchedulerFixture()
        fixture.join("w")
        _ = fixture.give(1, to: "w")
        #expect(fixture.receive(SchedulerFixture.success(), job: 1, from: "w").concluded == [1])
        #expect(fixture.receive(SchedulerFixture.success(), job: 1, from: "w").concluded.isEmpty)
    }

    @Test("counts from a worker that the new sentinel does not know yet, for a job of the earlier one")
    func fromUnknown() {
        let job = RunningJob(id: 1, pluginName: "p", attempt: 1, isHolderDead: false)
        var fixture = SchedulerFixture(running: [job])
        let actions = fixture.receive(SchedulerFixture.success(attempt: 1), job: 1, from: "w")
        #expect(actions.concluded == [1])
        #expect(actions.sent(to: "w").count == 1, "it is asked who it is")
    }

    @Test("is asked for no more when a worker names a job that is not its own: the job is aborted there")
    func stale() {
        var fixture = takenAway()
        let actions = fixture.receive(SchedulerFixture.heartbeat(1), from: "old")
        #expect(actions.sent(to: "old") == [WireMessage(jobID: 1, .abort)])
    }

    @Test("of success counts from the process that an earlier sentinel gave the job to, also after its time was up")
    func lateOrphan() {
        let job = RunningJob(
            id: 1, pluginName: "p", attempt: 1, workerHost: SchedulerFixture.host, workerPID: 7, isHolderDead: false)
        var fixture = SchedulerFixture(running: [job])
        #expect(fixture.pass(.seconds(20)).requeued == [1])
        #expect(
            fixture.receive(SchedulerFixture.success(attempt: 1), job: 1, from: "w").concluded.isEmpty, "a stranger")
        fixture.join("other", pid: 8)
        #expect(fixture.receive(SchedulerFixture.success(attempt: 1), job: 1, from: "other").concluded.isEmpty)
        fixture.join("w", pid: 7)
        #expect(fixture.receive(SchedulerFixture.success(attempt: 1), job: 1, from: "w").concluded == [1])
    }
}
