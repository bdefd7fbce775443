import CasparianModel
import CasparianWire
import Testing

@testable import CasparianWorker

/// The limit is for tests that hang.
@Suite("The worker", .timeLimit(.minutes(30))) struct WorkerTests {
    let workshop: Workshop
    let sentinel = ScriptedSentinel()
    init() throws { workshop = try Workshop() }

    private func receipt(_ message: WireMessage, sourceLocation: SourceLocation = #_sourceLocation) throws -> JobReceipt
    {
        guard case .conclude(let receipt) = message.body else {
            Issue.record("\(message) is no receipt", sourceLocation: sourceLocation)
            throw CancellationError()
        }
        return receipt
    }

    private func code(_ message: WireMessage) -> String? {
        if case .error(let payload) = message.body { payload.code } else { nil }
    }

    @Test("says who it is, offers what can be loaded, and describes all of it")
    func identify() async throws {
        try await sentinel.withWorker(workshop, slots: 2, makeSlot: { ScriptedSlot { _ in } }) { _ in
            guard case .identify(let payload) = try await sentinel.next().body else {
                Issue.record("it did not say who it is")
                return
            }
            #expect(payload.capabilities == ["p"])
            #expect(payload.plugins?.map(\.name) == ["p", "broken"])
            #expect(payload.announcesHeartbeats)
            #expect(payload.slots == 2)
            #expect(payload.pid == 7)
        }
    }

    @Test("runs an order and reports rows, artifacts, attempt and time")
    func runs() async throws {
        let slot: @Sendable () -> ScriptedSlot = { ScriptedSlot { try $0.write(numbers(3), topic: "output") } }
        try await sentinel.withWorker(workshop, makeSlot: slot) { _ in
            _ = try await sentinel.next()
            try await sentinel.order(5, workshop.input, attempt: 4)
            let message = try await sentinel.next()
            #expect(message.jobID == 5)
            let receipt = try receipt(message)
            #expect(receipt.status == .success)
            #expect(receipt.rows == 3)
            #expect(receipt.attempt == 4)
            #expect(receipt.artifacts.map(\.uri) == ["memory://t"])
            #expect(receipt.metrics[JobReceipt.elapsedMetric] != nil)
        }
        let schema = workshop.tables.batches(at: "t").first?.schema
        #expect(schema?.fields.map(\.name) == ["n", "_job_id", "_file_version_id"])
    }

    @Test("sends heartbeats that name its jobs and their rows while a plugin blocks")
    func heartbeats() async throws {
        let slot = HeldSlot()
        try await sentinel.withWorker(workshop, heartbeat: .milliseconds(10), makeSlot: { slot }) { _ in
            _ = try await sentinel.next()
            #expect(try await sentinel.nextHeartbeat().status == .idle)
            try await sentinel.order(5, workshop.input)
            try await sentinel.order(6, workshop.input)
            var last = try await sentinel.nextHeartbeat()
            while last.progress == nil || last.activeJobs?.count != 2 { last = try await sentinel.nextHeartbeat() }
            #expect(last.status == .busy)
            #expect(last.activeJobs == [5, 6])
            #expect(last.progress?.map(\.jobID) == [5])
            #expect(last.progress?.first?.rows == 3)
            slot.letGo()
            #expect(try await sentinel.next().jobID == 5)
        }
    }

    @Test("stops an aborted job, with nothing promoted, and runs the next one")
    func abort() async throws {
        let slot = HeldSlot()
        try await sentinel.withWorker(workshop, makeSlot: { slot }) { _ in
            _ = try await sentinel.next()
            try await sentinel.order(5, workshop.input)
            try await sentinel.order(6, workshop.input)
            try await sentinel.order(7, workshop.input)
            try await sentinel.send(.abort, job: 6)
            #expect(try receipt(await sentinel.next()).errorMessage?.contains("before it began") == true)
            try await sentinel.send(.abort, job: 5)
            let stopped = try receipt(await sentinel.next())
            #expect(stopped.status == .failed)
            #expect(stopped.errorMessage?.contains("stopped on request") == true)
            #expect(workshop.tables.batches(at: "t").isEmpty)
            slot.letGo()
            let message = try await sentinel.next()
            #expect(message.jobID == 7)
            #expect(try receipt(message).status == .success)
        }
    }

    @Test("identifies again when the sentinel does not know it, and says what it is doing")
    func identifiesAgain() async throws {
        let slot = HeldSlot()
        try await sentinel.withWorker(workshop, makeSlot: { slot }) { _ in
            _ = try await sentinel.next()
            try await sentinel.order(5, workshop.input)
            let ask = ErrorPayload(message: "who?", code: ErrorPayload.identifyCode)
            try await sentinel.send(.error(ask))
            #expect(try await sentinel.next().operation == .identify)
            #expect(try await sentinel.nextHeartbeat().activeJobs == [5])
            slot.letGo()
        }
    }

    @Test("goes on after malformed messages")
    func malformed() async throws {
        let slot: @Sendable () -> ScriptedSlot = { ScriptedSlot { try $0.write(numbers(1), topic: "output") } }
        try await sentinel.withWorker(workshop, makeSlot: slot) { _ in
            _ = try await sentinel.next()
            for byte in UInt8(0)...255 {
                try await sentinel.send(frames: [[UInt8](repeating: byte, count: 16), [byte]])
            }
            try await sentinel.send(.identify(IdentifyPayload(capabilities: [])))
            try await sentinel.order(5, workshop.input)
            #expect(try receipt(await sentinel.next()).status == .success)
        }
    }

    @Test("told to end, finishes what runs, hands back what waits, and says goodbye")
    func drains() async throws {
        let slot = HeldSlot()
        try await sentinel.withWorker(workshop, makeSlot: { slot }) { shutDown in
            _ = try await sentinel.next()
            try await sentinel.order(5, workshop.input)
            try await sentinel.order(6, workshop.input)
            try await sentinel.order(7, workshop.input)
            // The orders have arrived once one of them is known.
            try await sentinel.send(.error(ErrorPayload(message: "", code: ErrorPayload.identifyCode)))
            _ = try await sentinel.next()
            await shutDown()
            for job in [UInt64(6), 7] {
                let message = try await sentinel.next()
                #expect(message.jobID == job)
                #expect(code(message) == ErrorPayload.releasedCode)
            }
            try await sentinel.order(8, workshop.input)
            #expect(code(try await sentinel.next()) == ErrorPayload.releasedCode)
            slot.letGo()
            #expect(try receipt(await sentinel.next()).status == .success)
            #expect(code(try await sentinel.next()) == ErrorPayload.leavingCode)
        }
        #expect(slot.isShutDown)
    }

    @Test("told to end, stops and hands back a job that does not end in time")
    func givesUp() async throws {
        let slot = HeldSlot()
        try await sentinel.withWorker(
            workshop, heartbeat: .milliseconds(10), drainTimeout: .milliseconds(30), makeSlot: { slot }
        ) { shutDown in
            _ = try await sentinel.next()
            try await sentinel.order(5, workshop.input)
            // Once it has the job, which would be refused later.
            while try await sentinel.nextHeartbeat().activeJobs != [5] {}
            await shutDown()
            let message = try await sentinel.next()
            #expect(message.jobID == 5)
            #expect(code(message) == ErrorPayload.releasedCode)
            #expect(code(try await sentinel.next()) == ErrorPayload.leavingCode)
        }
        #expect(workshop.tables.batches(at: "t").isEmpty)
    }
}
