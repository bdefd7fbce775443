import CasparianModel
import CasparianScheduling
import CasparianWire
import Testing

@Suite("An attempt that failed") struct AttemptTests {
    /// A worker that holds job 1 after some strikes.
    private func holding(strikes: Int, limits: PluginLimits = PluginLimits()) -> SchedulerFixture {
        var fixture = SchedulerFixture()
        fixture.join("w")
        _ = fixture.give(1, to: "w", attempt: strikes + 1, strikes: strikes, limits: limits)
        return fixture
    }

    private static let transient: Set<FailureCause> = [.guest, .unreachable, .full]

    @Test(
        "for a reason that may pass is followed by another, later each time",
        arguments: FailureCause.allCases.filter { $0 != .busy })
    func causes(cause: FailureCause) throws {
        var former = Duration.zero
        for strikes in 0..<4 {
            var fixture = holding(strikes: strikes)
            let actions = fixture.receive(SchedulerFixture.failure(cause: cause), job: 1, from: "w")
            guard Self.transient.contains(cause) else {
                #expect(actions.concluded == [1] && actions.retried(fixture.now).isEmpty)
                continue
            }
            let pause = try #require(actions.retried(fixture.now)[1])
            #expect(pause > former && pause >= .milliseconds(750 << strikes) && pause <= .milliseconds(1250 << strikes))
            #expect(actions.concluded.isEmpty && actions.buried.isEmpty)
            former = pause
        }
        var fixture = holding(strikes: 4)
        let actions = fixture.receive(SchedulerFixture.failure(cause: cause), job: 1, from: "w")
        #expect(actions.buried == (Self.transient.contains(cause) ? [1] : []))
        #expect(actions.retried(fixture.now).isEmpty)
    }

    @Test("because another worker holds its staging waits a lease each time, and longer in all, but not for ever")
    func busy() {
        for strikes in [0, 3, 4, 18] {
            var fixture = holding(strikes: strikes)
            let actions = fixture.receive(SchedulerFixture.failure(cause: .busy), job: 1, from: "w")
            #expect(actions.buried.isEmpty && (actions.retried(fixture.now)[1] ?? .zero) >= .seconds(15))
        }
        var fixture = holding(strikes: 19)
        #expect(fixture.receive(SchedulerFixture.failure(cause: .busy), job: 1, from: "w").buried == [1])
    }

    @Test("of an earlier sentinel counts for the job that surely ran")
    func orphans() {
        let jobs = [true, false].enumerated().map { index, mayHaveRun in
            RunningJob(
                id: JobID(Int64(index + 1)), pluginName: "p", attempt: 5, isHolderDead: true, strikes: 4,
                mayHaveRun: mayHaveRun)
        }
        var fixture = SchedulerFixture()
        let actions = fixture.handle(.started(jobs))
        #expect(actions.buried == [1] && actions.requeued == [2] && actions.retried(fixture.now).isEmpty)
    }

    @Test("for a reason that nobody told ends the job")
    func unknownCause() {
        var fixture = holding(strikes: 0)
        #expect(fixture.receive(SchedulerFixture.failure(), job: 1, from: "w").concluded == [1])
    }

    @Test("through the plugin's own error is tried again where a person said so, as often as they said")
    func configured() {
        let limits = PluginLimits(attemptsMax: 2, retriesFailures: true)
        for cause in [FailureCause.plugin, .deadline] {
            var first = holding(strikes: 0, limits: limits)
            let actions = first.receive(SchedulerFixture.failure(cause: cause), job: 1, from: "w")
            #expect(actions.retried(first.now).count == 1)
            var second = holding(strikes: 1, limits: limits)
            #expect(second.receive(SchedulerFixture.failure(cause: cause), job: 1, from: "w").buried == [1])
        }
        var breach = holding(strikes: 0, limits: limits)
        #expect(breach.receive(SchedulerFixture.failure(cause: .contract), job: 1, from: "w").concluded == [1])
    }

    @Test("with its worker counts for the jobs that ran, not for those that waited behind them")
    func lostWorker() throws {
        var fixture = SchedulerFixture()
        fixture.join("w", slots: 2, backlog: 8)
        for job: JobID in [4, 3, 2, 1] { _ = fixture.give(job, to: "w") }
        let actions = fixture.receive(.identify(SchedulerFixture.identity(pid: 8)), from: "w")
        #expect(actions.requeued.sorted() == [1, 2, 3, 4])
        #expect(Set(actions.retried(fixture.now).keys) == [3, 4])
    }

    @Test("with its worker for the last time is buried, and the message says why")
    func poison() throws {
        var fixture = holding(strikes: 4)
        let actions = fixture.receive(.identify(SchedulerFixture.identity(pid: 8)), from: "w")
        #expect(actions.requeued.isEmpty && actions.buried == [1])
        guard case .bury(_, let receipt)? = actions.first(where: { if case .bury = $0 { true } else { false } }) else {
            return
        }
        #expect(receipt.attempt == 5 && receipt.errorMessage?.contains("attempt 5 of 5") == true)
        #expect(receipt.errorMessage?.contains("casparian jobs retry 1") == true)
    }

    @Test("because its worker ends, or never got it, does not count")
    func innocent() {
        var fixture = holding(strikes: 4)
        let goodbye = ErrorPayload(message: "bye", code: ErrorPayload.leavingCode)
        #expect(fixture.receive(.error(goodbye), from: "w").requeued == [1])
        var other = holding(strikes: 4)
        let released = ErrorPayload(message: "no", code: ErrorPayload.releasedCode)
        let actions = other.receive(.error(released), job: 1, from: "w")
        #expect(actions.requeued == [1] && actions.retried(other.now).isEmpty)
    }
}

@Suite("A worker hears") struct AnswerTests {
    @Test("that its heartbeat renewed its leases, after it was told which jobs are not its own")
    func lease() throws {
        var fixture = SchedulerFixture()
        fixture.join("w")
        _ = fixture.give(1, to: "w")
        var payload = HeartbeatPayload(status: .busy, currentJobID: 1)
        payload.activeJobs = [1, 2]
        payload.sequence = 17
        let sent = fixture.receive(.heartbeat(payload), from: "w").sent(to: "w")
        #expect(sent.count == 2 && sent[0].body == .abort && sent[0].jobID == 2)
        guard case .error(let answer)? = sent.last?.body else { Issue.record("no answer"); return }
        #expect(answer.code == ErrorPayload.leaseCode && answer.sequence == 17)
    }

    @Test("nothing of leases if it does not know of them, or the sentinel does not know it")
    func plain() {
        var fixture = SchedulerFixture()
        fixture.joinPlain("plain")
        var payload = HeartbeatPayload(status: .idle)
        payload.sequence = 1
        #expect(fixture.receive(.heartbeat(payload), from: "plain").sent(to: "plain").isEmpty)
        let sent = fixture.receive(.heartbeat(payload), from: "stranger").sent(to: "stranger")
        #expect(sent.count == 1)
        guard case .error(let answer)? = sent.first?.body else { return }
        #expect(answer.code == ErrorPayload.identifyCode)
    }

    @Test("that a receipt may be forgotten, whether it counted or not")
    func receipts() {
        var fixture = SchedulerFixture()
        fixture.join("w")
        _ = fixture.give(1, to: "w")
        #expect(fixture.receive(SchedulerFixture.success(), job: 1, from: "w").acknowledged(to: "w") == [1])
        #expect(fixture.receive(SchedulerFixture.success(), job: 1, from: "w").acknowledged(to: "w") == [1])
        #expect(
            fixture.receive(SchedulerFixture.success(), job: 9, from: "stranger").acknowledged(to: "stranger") == [])
    }

    @Test("that somebody wants to end its job, each time the catalog was asked")
    func cancel() {
        var fixture = SchedulerFixture()
        fixture.join("w")
        _ = fixture.give(1, to: "w")
        for _ in 0..<2 {
            let sent = fixture.handle(.cancellationsWanted([1, 2])).sent(to: "w")
            #expect(sent == [WireMessage(jobID: 1, .abort)])
        }
        #expect(fixture.receive(SchedulerFixture.failure(cause: .cancelled), job: 1, from: "w").concluded == [1])
        #expect(fixture.handle(.cancellationsWanted([1])).isEmpty)
    }

    @Test("how long its job may take, and what of the machine")
    func deadline() throws {
        var fixture = SchedulerFixture()
        fixture.join("w")
        let limits = PluginLimits(
            deadlineSeconds: 60, resources: ResourceLimits(memoryMebibytes: 512, cpuSeconds: 30, processes: 4))
        let sent = fixture.give(1, to: "w", limits: limits).sent(to: "w")
        guard case .dispatch(let order)? = sent.first?.body else { Issue.record("no order"); return }
        #expect(order.deadlineSeconds == 60 && order.leaseSeconds == 15)
        #expect(order.resources == ResourceLimits(memoryMebibytes: 512, cpuSeconds: 30, processes: 4))
    }
}
