import CasparianModel
import CasparianWire
import Testing

@testable import CasparianWorker

/// A whole worker with a sentinel that answers heartbeats. The limit is for tests that hang.
@Suite(.timeLimit(.minutes(30))) struct LeasedWorkerTests {
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

    /// Hands out job 5 and lets its plugin end when its lease of 2 s has ended; looks for rows for a while.
    private func runPastLease(_ slot: HeldSlot) async throws {
        try await sentinel.answer(sentinel.nextHeartbeat())
        try await sentinel.order(5, workshop.input, lease: 2)
        let start = ContinuousClock.now
        while ContinuousClock.now < start + .seconds(2) { _ = try await sentinel.nextHeartbeat() }
        slot.letGo()
        for _ in 0..<50 {
            _ = try await sentinel.nextHeartbeat()
            #expect(workshop.tables.batches(at: "t").isEmpty, "nobody has said that the job is still this worker's")
        }
    }

    @Test func `A job whose lease has ended is promoted only when the sentinel says that it is still the worker's`()
        async throws
    {
        let slot = HeldSlot()
        try await sentinel.withWorker(workshop, heartbeat: .milliseconds(10), makeSlot: { slot }) { _ in
            try await runPastLease(slot)
            let message = try await sentinel.nextAnswering()
            #expect(try receipt(message).status == .success && message.jobID == 5)
            #expect(workshop.tables.batches(at: "t").count == 1)
        }
    }

    @Test func `A job that was taken away while it waited is not promoted, and the next one runs`() async throws {
        let slot = HeldSlot()
        try await sentinel.withWorker(workshop, heartbeat: .milliseconds(10), makeSlot: { slot }) { _ in
            try await runPastLease(slot)
            try await sentinel.send(.abort, job: 5)
            #expect(try receipt(await sentinel.next()).cause == .cancelled)
            #expect(workshop.tables.batches(at: "t").isEmpty)
            try await sentinel.order(6, workshop.input, lease: 15)
            let message = try await sentinel.nextAnswering()
            #expect(try receipt(message).status == .success && message.jobID == 6)
        }
    }

    @Test func `A worker that waits for a lease still ends when it is told to`() async throws {
        let slot = HeldSlot()
        try await sentinel.withWorker(
            workshop, heartbeat: .milliseconds(10), drainTimeout: .milliseconds(30), makeSlot: { slot }
        ) { shutDown in
            try await runPastLease(slot)
            await shutDown()
            guard case .error(let payload) = try await sentinel.next().body else {
                Issue.record("it did not hand the job back")
                return
            }
            #expect(payload.code == ErrorPayload.releasedCode)
        }
        #expect(workshop.tables.batches(at: "t").isEmpty)
    }

    @Test func `A job that takes longer than its deadline is stopped`() async throws {
        try await sentinel.withWorker(workshop, heartbeat: .milliseconds(10), makeSlot: { HeldSlot() }) { _ in
            _ = try await sentinel.next()
            try await sentinel.order(5, workshop.input, deadline: 1)
            let receipt = try receipt(await sentinel.next())
            #expect(receipt.cause == .deadline && receipt.errorMessage?.contains("deadline of 1 s") == true)
            #expect(workshop.tables.batches(at: "t").isEmpty)
        }
    }

    @Test func `A receipt that was not recorded is sent by the next worker, until it is`() async throws {
        let slot: @Sendable () -> ScriptedSlot = { ScriptedSlot { try $0.write(numbers(3), topic: "output") } }
        try await sentinel.withWorker(workshop, outputRoot: workshop.output, makeSlot: slot) { _ in
            // Twice: at the start and once it is connected.
            try await sentinel.answer(sentinel.nextHeartbeat())
            try await sentinel.order(5, workshop.input)
            #expect(try receipt(await sentinel.next()).status == .success)
        }
        let second = ScriptedSentinel()
        try await second.withWorker(
            workshop, heartbeat: .milliseconds(10), outputRoot: workshop.output, makeSlot: slot
        ) { _ in
            #expect(try await second.next().operation == .identify)
            let message = try await second.nextAnswering()
            #expect(try receipt(message).rows == 3 && message.jobID == 5)
            try await second.send(.error(ErrorPayload(message: "", code: ErrorPayload.recordedCode, jobs: [5])))
            // Its own receipt is recorded after that, so that both are forgotten when it ends.
            try await second.order(6, workshop.input)
            let own = try await second.nextAnswering()
            #expect(own.jobID == 6)
            try await second.send(.error(ErrorPayload(message: "", code: ErrorPayload.recordedCode, jobs: [6])))
            try await second.send(.error(ErrorPayload(message: "", code: ErrorPayload.identifyCode)))
            #expect(try await second.next().operation == .identify)
        }
        #expect(try ReceiptLog(outputRoot: workshop.output).found.isEmpty)
    }
}
