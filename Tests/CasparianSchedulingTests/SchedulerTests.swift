import CasparianModel
import CasparianScheduling
import CasparianWire
import Testing

@Suite("The scheduler") struct SchedulerTests {
    @Test("asks for as many jobs as a worker has free slots")
    func slots() {
        var fixture = SchedulerFixture()
        fixture.join("w", slots: 2)
        #expect(fixture.scheduler.openings().map(\.count) == [2])
        _ = fixture.give(1, to: "w")
        #expect(fixture.scheduler.openings().map(\.count) == [1])
        _ = fixture.give(2, to: "w")
        #expect(fixture.scheduler.openings().isEmpty)
        fixture.receive(SchedulerFixture.success(), job: 1, from: "w")
        #expect(fixture.scheduler.openings().map(\.count) == [1])
    }

    @Test("asks for nothing more once the queue had nothing left, until something happens")
    func exhausted() {
        var fixture = SchedulerFixture()
        fixture.join("w")
        _ = fixture.scheduler.dispatch([], isExhausted: true, now: fixture.now)
        #expect(fixture.scheduler.openings().isEmpty)
        #expect(fixture.scheduler.isIdle)
        fixture.handle(.catalogChanged)
        #expect(fixture.scheduler.openings().count == 1)
    }

    @Test("gives a backlog only to a worker whose jobs are short, and only so much that it takes a moment")
    func backlog() {
        var fixture = SchedulerFixture()
        fixture.join("w", slots: 1, backlog: 64)
        #expect(fixture.scheduler.openings().map(\.count) == [1], "nothing is known of its pace yet")
        _ = fixture.give(1, to: "w")
        fixture.receive(SchedulerFixture.success(elapsed: 100), job: 1, from: "w")
        #expect(fixture.scheduler.openings().map(\.count) == [65])
        _ = fixture.give(2, to: "w")
        fixture.receive(SchedulerFixture.success(elapsed: 10_000), job: 2, from: "w")
        #expect(fixture.scheduler.openings().map(\.count) == [6])
        _ = fixture.give(3, to: "w")
        fixture.receive(SchedulerFixture.success(elapsed: 60_000_000), job: 3, from: "w")
        #expect(fixture.scheduler.openings().map(\.count) == [1])
    }

    @Test("registers what a worker brings, names only for a plain one")
    func registers() {
        var fixture = SchedulerFixture()
        let actions = fixture.joinPlain("w")
        #expect(actions.contains(.register([PluginDescription(name: "p")])))
        #expect(actions.rows.map(\.status) == [.idle])
        #expect(actions.rows.first?.plugins == ["p"])
    }

    @Test("sends the jobs of a plugin that cannot be loaded where they fail, unless somebody can load it")
    func broken() {
        var fixture = SchedulerFixture()
        var payload = SchedulerFixture.identity()
        payload.plugins = [PluginDescription(name: "p"), PluginDescription(name: "q", loadError: "SyntaxError")]
        fixture.receive(.identify(payload), from: "w1")
        #expect(fixture.scheduler.openings().map(\.plugins) == [["p", "q"]])
        payload.capabilities = ["q"]
        payload.plugins = [PluginDescription(name: "q")]
        payload.pid = 8
        fixture.receive(.identify(payload), from: "w2")
        #expect(fixture.scheduler.openings().map(\.plugins) == [["p"], ["q"]])
    }

    @Test("keeps the jobs of a plugin whose environment is being built, and is not idle until it is there")
    func building() {
        var fixture = SchedulerFixture()
        var payload = SchedulerFixture.identity()
        let notice = PluginNotice(.building, contentHash: "2", text: "installing")
        payload.plugins = [
            PluginDescription(name: "p", contentHash: "1", notice: notice),
            PluginDescription(name: "q", contentHash: "2", notice: notice),
        ]
        fixture.receive(.identify(payload), from: "w")
        #expect(fixture.scheduler.openings().map(\.plugins) == [["p"]])
        _ = fixture.scheduler.dispatch([], isExhausted: true, now: fixture.now)
        #expect(!fixture.scheduler.isIdle && fixture.scheduler.offeredPlugins == ["p", "q"])
        payload.capabilities = ["p", "q"]
        payload.plugins = [
            PluginDescription(name: "p", contentHash: "1"), PluginDescription(name: "q", contentHash: "2"),
        ]
        let actions = fixture.receive(.identify(payload), from: "w")
        #expect(fixture.scheduler.openings().map(\.plugins) == [["p", "q"]])
        #expect(actions.contains { if case .note(let note) = $0 { note.kind == .workerChanged } else { false } })
    }

    @Test("asks who it is when a worker it does not know speaks, and takes it in afterwards")
    func unknown() {
        var fixture = SchedulerFixture()
        let answer = fixture.receive(SchedulerFixture.heartbeat(), from: "w").sent(to: "w")
        guard case .error(let payload)? = answer.first?.body else {
            Issue.record("no answer")
            return
        }
        #expect(payload.code == ErrorPayload.identifyCode)
        fixture.join("w")
        #expect(fixture.receive(SchedulerFixture.heartbeat(), from: "w").sent(to: "w").isEmpty)
    }

    @Test("hands a job out with its attempt and the length of the lease")
    func dispatches() {
        var fixture = SchedulerFixture()
        fixture.join("w")
        let message = fixture.give(5, to: "w", attempt: 3).sent(to: "w").first
        guard case .dispatch(let order)? = message?.body else {
            Issue.record("no order")
            return
        }
        #expect(message?.jobID == 5)
        #expect(order.attempt == 3)
        #expect(order.leaseSeconds == 15)
    }

    @Test("takes the error report of a plain worker about its job as the job's failure")
    func plainError() {
        var fixture = SchedulerFixture()
        fixture.joinPlain("w")
        _ = fixture.give(1, to: "w")
        let actions = fixture.receive(.error(ErrorPayload(message: "boom", traceback: "line 3")), job: 1, from: "w")
        #expect(actions.contains(.conclude(1, JobReceipt(status: .failed, errorMessage: "boom\nline 3"))))
        #expect(fixture.scheduler.openings().map(\.count) == [1])
    }

    @Test("takes back what a worker hands back, and gives that worker no more")
    func released() {
        var fixture = SchedulerFixture()
        fixture.join("w", slots: 2)
        _ = fixture.give(1, to: "w")
        let released = ErrorPayload(message: "", code: ErrorPayload.releasedCode)
        #expect(fixture.receive(.error(released), job: 1, from: "w").requeued == [1])
        #expect(fixture.scheduler.openings().isEmpty)
    }

    @Test("says that workers are offline when it ends")
    func stop() {
        var fixture = SchedulerFixture()
        fixture.join("w")
        #expect(fixture.scheduler.stop(now: fixture.now).rows.map(\.status) == [.offline])
    }

    @Test("writes a worker's row now and then, not with every job")
    func rows() {
        var fixture = SchedulerFixture()
        fixture.join("w")
        var written = 0
        for job in 1...100 {
            written += fixture.give(JobID(Int64(job)), to: "w").rows.count
            written += fixture.receive(SchedulerFixture.success(), job: UInt64(job), from: "w").rows.count
            fixture.elapsed += .milliseconds(10)
        }
        #expect(written <= 2)
    }
}
