import CasparianCatalog
import CasparianModel
import CasparianScheduling
import CasparianSentinel
import CasparianTestKit
import CasparianTransport
import CasparianWire
import Testing

/// The limit is for tests that hang.
@Suite("The sentinel", .timeLimit(.minutes(30))) struct SentinelTests {
    @Test("hands a job to a worker that offers its plugin, with the configured sinks, and keeps the receipt")
    func wholeLife() async throws {
        let fixture = SentinelFixture()
        try await fixture.queue(["a.csv"])
        try await fixture.catalog.setTopicConfig(
            plugin: "p", sink: SinkConfig(topic: "extra", uri: "parquet://extra.parquet"), isAdditional: false)
        try await fixture.run {
            let worker = ScriptedWorker(fixture.hub)
            try await worker.identify()
            let (job, order) = try await worker.nextOrder()
            #expect(order.pluginName == "p")
            #expect(order.filePath == "/data/a.csv")
            #expect(order.attempt == 1)
            #expect(order.contentHash?.count == 64)
            #expect(order.sinks.map(\.topic) == ["extra", "output"])
            #expect(order.sinks.last?.uri == "parquet://p_output.parquet")
            let artifact = Artifact(topic: "output", uri: "parquet:///out/p_1.parquet", rows: 12, sizeBytes: 340)
            let receipt = JobReceipt(
                status: .success, metrics: ["rows": 12, "size_bytes": 340], artifacts: [artifact], attempt: 1)
            try await worker.send(.conclude(receipt), job: job)
            let ended = try await fixture.wait(for: "a.csv", .completed)
            #expect(ended.rows == 12)
            #expect(ended.sizeBytes == 340)
            #expect(try await fixture.catalog.artifacts(ArtifactFilter()).map(\.artifact) == [artifact])
        }
    }

    @Test("leaves a job that nobody can run in the queue, and hands it out when somebody comes who can")
    func stranded() async throws {
        let fixture = SentinelFixture()
        try await fixture.queue(["a.csv"], plugin: "rare")
        try await fixture.run {
            let other = ScriptedWorker(fixture.hub, name: "other")
            try await other.identify(plugins: ["p"])
            try await fixture.queue(["b.csv"], plugin: "p")
            #expect(try await other.nextOrder().order.filePath == "/data/b.csv")
            #expect(try await fixture.job("a.csv").job.status == .queued)
            let able = ScriptedWorker(fixture.hub, name: "able")
            try await able.identify(plugins: ["rare"], pid: 8)
            #expect(try await able.nextOrder().order.filePath == "/data/a.csv")
        }
    }

    @Test("reads the configuration anew for every job")
    func freshConfiguration() async throws {
        let fixture = SentinelFixture()
        try await fixture.queue(["a.csv"])
        try await fixture.run {
            let worker = ScriptedWorker(fixture.hub)
            try await worker.identify()
            let (job, _) = try await worker.nextOrder()
            try await fixture.catalog.setTopicConfig(
                plugin: "p", sink: SinkConfig(topic: "output", uri: "parquet://new.parquet"), isAdditional: false)
            try await fixture.queue(["bb.csv"])
            try await worker.send(.conclude(JobReceipt(status: .success)), job: job)
            #expect(try await worker.nextOrder().order.sinks.map(\.uri) == ["parquet://new.parquet"])
        }
    }

    @Test("gives the job of a plain worker whose connection ended to another one")
    func plainWorkerDies() async throws {
        let fixture = SentinelFixture()
        try await fixture.queue(["a.csv"])
        try await fixture.run {
            let first = ScriptedWorker(fixture.hub, name: "first")
            try await first.identify(isPlain: true)
            _ = try await first.nextOrder()
            await first.close()
            let second = ScriptedWorker(fixture.hub, name: "second")
            try await second.identify(isPlain: true)
            let (job, order) = try await second.nextOrder()
            #expect(order.attempt == 2)
            try await second.send(.conclude(JobReceipt(status: .success)), job: job)
            try await fixture.wait(for: "a.csv", .completed)
        }
        #expect(fixture.log.count("worker lost") == 1)
    }

    @Test("goes on after malformed messages, and does not fill its log with them")
    func malformed() async throws {
        let fixture = SentinelFixture()
        try await fixture.queue(["a.csv"])
        try await fixture.run {
            let worker = ScriptedWorker(fixture.hub)
            for byte in UInt8(0)...255 {
                try await worker.send(frames: [[UInt8](repeating: byte, count: 16), [byte]])
                try await worker.send(frames: [[byte]])
            }
            try await worker.identify()
            let (job, _) = try await worker.nextOrder()
            try await worker.send(.conclude(JobReceipt(status: .success)), job: job)
            try await fixture.wait(for: "a.csv", .completed)
        }
        #expect(1...LogBudget.linesPerWindow ~= fixture.log.count("message rejected"))
    }

    @Test("takes over what an earlier sentinel handed out: adopts what is reported, requeues what is not")
    func restart() async throws {
        let fixture = SentinelFixture()
        try await fixture.queue(["a.csv", "bb.csv"])
        let worker = ScriptedWorker(fixture.hub)
        try await fixture.run {
            try await worker.identify(slots: 2)
            _ = try await worker.nextOrder()
            _ = try await worker.nextOrder()
        }
        #expect(try await fixture.job("a.csv").job.status == .running)
        let first = try await fixture.job("a.csv").job.id
        let second = try await fixture.job("bb.csv").job.id
        let hub = InProcessTransport()
        // Time stands still until the reported job has ended, so that its lease cannot run out on a busy machine.
        let isReported = Flag()
        let start = SentinelClock.system.now()
        let clock = SentinelClock { isReported.isRaised ? SentinelClock.system.now() : start }
        let policy = SchedulerPolicy(lease: .seconds(2), tick: .milliseconds(100))
        try await fixture.run(policy: policy, hub: hub, clock: clock) {
            let again = ScriptedWorker(hub)
            var heartbeat = HeartbeatPayload(status: .busy, currentJobID: first.rawValue)
            heartbeat.activeJobs = [first.rawValue]
            try await again.send(.heartbeat(heartbeat))
            guard case .error(let payload) = try await again.next().body else {
                Issue.record("it was not asked who it is")
                return
            }
            #expect(payload.code == ErrorPayload.identifyCode)
            // Without heartbeats of its own, it is not lost while the other job's time runs out.
            try await again.identify(slots: 2, hasLease: false)
            try await again.send(.heartbeat(heartbeat))
            try await again.send(.conclude(JobReceipt(status: .success, attempt: 1)), job: UInt64(first.rawValue))
            try await fixture.wait(for: "a.csv", .completed)
            isReported.raise()
            let (job, order) = try await again.nextOrder()
            #expect(job == UInt64(second.rawValue))
            #expect(order.attempt == 2)
        }
    }

    @Test("loses no receipt while the catalog refuses to write")
    func refusingCatalog() async throws {
        let catalog = RefusingCatalog(InMemoryCatalog())
        let fixture = SentinelFixture(catalog: catalog)
        try await fixture.queue(["a.csv"])
        try await fixture.run {
            let worker = ScriptedWorker(fixture.hub)
            try await worker.identify()
            let (job, _) = try await worker.nextOrder()
            catalog.refuse(5)
            try await worker.send(.conclude(JobReceipt(status: .success)), job: job)
            try await fixture.wait(for: "a.csv", .completed)
        }
        #expect(catalog.refused == 5)
        #expect(fixture.log.count("trying again") == 5)
    }

    @Test("ends with the reason when the catalog is damaged, also under load")
    func damagedCatalog() async throws {
        let catalog = RefusingCatalog(InMemoryCatalog())
        let fixture = SentinelFixture(catalog: catalog)
        try await fixture.queue(["a.csv"])
        let sentinel = Sentinel(catalog: catalog, transport: fixture.hub.server, logger: fixture.log.logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                let error = await #expect(throws: CatalogError.self) { try await sentinel.run() }
                #expect(error?.code == .corrupt)
            }
            let worker = ScriptedWorker(fixture.hub)
            try await worker.identify()
            _ = try await worker.nextOrder()
            catalog.damage()
            // More than one turn takes: some wait for the next one when the sentinel ends.
            try await fixture.queue(["bb.csv"])
            for _ in 0..<2000 { try? await worker.send(.heartbeat(HeartbeatPayload(status: .idle))) }
            try await group.waitForAll()
        }
    }

    @Test("writes its workers as offline when it ends")
    func offline() async throws {
        let fixture = SentinelFixture()
        try await fixture.queue(["a.csv"])
        try await fixture.run {
            let worker = ScriptedWorker(fixture.hub)
            try await worker.identify()
            _ = try await worker.nextOrder()
            #expect(try await fixture.catalog.workers().map(\.status) != [.offline])
        }
        #expect(try await fixture.catalog.workers().map(\.status) == [.offline])
    }
}
