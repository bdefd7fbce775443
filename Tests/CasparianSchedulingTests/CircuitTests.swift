import CasparianModel
import CasparianScheduling
import CasparianWire
import Testing

@Suite("A plugin that fails on everything") struct CircuitTests {
    private static let policy = SchedulerPolicy(
        failuresInARow: 3, pluginPause: .seconds(60), pluginPauseMax: .seconds(200))

    private func joined() -> SchedulerFixture {
        var fixture = SchedulerFixture(policy: Self.policy)
        fixture.join("w")
        return fixture
    }

    private func run(
        _ job: JobID, _ fixture: inout SchedulerFixture, _ body: WireMessage.Body = SchedulerFixture.failure()
    ) -> [SchedulerAction] {
        _ = fixture.give(job, to: "w")
        return fixture.receive(body, job: UInt64(job.rawValue), from: "w")
    }

    private func rooms(_ fixture: SchedulerFixture) -> [String: Int] {
        fixture.scheduler.pluginRooms(now: fixture.now.elapsed)
    }

    private func paused(_ actions: [SchedulerAction]) -> [PluginPause] {
        actions.compactMap { if case .pause(let pause) = $0 { pause } else { nil } }
    }

    @Test("is paused after so many in a row, then one job is tried, and each pause is longer")
    func pauses() throws {
        var fixture = joined()
        for job: JobID in [1, 2] { #expect(paused(run(job, &fixture)).isEmpty) }
        let pause = try #require(paused(run(3, &fixture)).first)
        #expect(pause.pluginName == "p" && pause.failures == 3 && pause.reason == "no")
        #expect(pause.until == fixture.now.wall.advanced(by: .seconds(60)))
        #expect(rooms(fixture) == ["p": 0])
        #expect(fixture.scheduler.pausedPlugins(now: fixture.now.elapsed) == ["p"])
        for seconds in [120, 200, 200] {
            fixture.elapsed += .seconds(201)
            #expect(rooms(fixture) == ["p": 1])
            _ = fixture.give(9, to: "w")
            #expect(rooms(fixture) == ["p": 0], "one job is enough to try")
            let next = paused(fixture.receive(SchedulerFixture.failure(), job: 9, from: "w"))
            #expect(next.map(\.until) == [fixture.now.wall.advanced(by: .seconds(seconds))])
        }
    }

    @Test("goes on after the first success")
    func success() {
        var fixture = joined()
        for job: JobID in [1, 2, 3] { _ = run(job, &fixture) }
        fixture.elapsed += .seconds(61)
        let actions = run(4, &fixture, SchedulerFixture.success())
        #expect(actions.contains(.resume("p")) && rooms(fixture).isEmpty)
        for job: JobID in [5, 6] { #expect(paused(run(job, &fixture)).isEmpty) }
        _ = run(7, &fixture, SchedulerFixture.success())
        for job: JobID in [8, 9] { #expect(paused(run(job, &fixture)).isEmpty, "successes in between start anew") }
    }

    @Test("is not one whose jobs are tried again or were cancelled")
    func others() {
        var fixture = joined()
        for job in (1...9).map({ JobID($0) }) {
            let cause: FailureCause = job.rawValue % 2 == 0 ? .cancelled : .unreachable
            #expect(paused(run(job, &fixture, SchedulerFixture.failure(cause: cause))).isEmpty)
        }
    }

    @Test("is not one whose files change, and such a job ends with its receipt and no further attempt")
    func changedFiles() {
        var fixture = joined()
        for job in (1...9).map({ JobID($0) }) {
            let actions = run(job, &fixture, SchedulerFixture.failure(cause: .changed))
            #expect(paused(actions).isEmpty)
            #expect(actions.contains { if case .conclude(job, _) = $0 { true } else { false } })
        }
        #expect(rooms(fixture).isEmpty)
    }

    @Test("stays paused when the file of the job that is tried has changed, and the next one is tried at once")
    func changedProbe() {
        var fixture = joined()
        for job: JobID in [1, 2, 3] { _ = run(job, &fixture) }
        fixture.elapsed += .seconds(61)
        #expect(paused(run(4, &fixture, SchedulerFixture.failure(cause: .changed))).isEmpty)
        #expect(rooms(fixture) == ["p": 1])
        #expect(paused(run(5, &fixture)).count == 1)
    }

    @Test("gets a new chance when a worker comes with another source of it")
    func changed() {
        var fixture = SchedulerFixture(policy: Self.policy)
        func identity(_ hash: String) -> WireMessage.Body {
            var payload = SchedulerFixture.identity()
            payload.plugins = [PluginDescription(name: "p", contentHash: hash)]
            return .identify(payload)
        }
        fixture.receive(identity("a"), from: "w")
        for job: JobID in [1, 2, 3] { _ = run(job, &fixture) }
        #expect(!fixture.receive(identity("a"), from: "w").contains(.resume("p")))
        #expect(rooms(fixture) == ["p": 0])
        #expect(fixture.receive(identity("b"), from: "w").contains(.resume("p")))
        #expect(rooms(fixture).isEmpty)
    }
}
