import CasparianModel
import CasparianWire
import Testing

@testable import CasparianWorker

/// The worker's mind on virtual time.
@Suite struct FencingTests {
    private static func state(found: [JobID: JobReceipt] = [:]) -> WorkerState {
        WorkerState(identity: IdentifyPayload(capabilities: ["p"]), slots: 2, found: found)
    }

    /// A worker that has been connected since 0 s, and whose sentinel has answered its first heartbeat if it ever does.
    private static func connected(isAnswered: Bool = true) -> WorkerState {
        var state = state()
        _ = state.handle(.started, at: .zero)
        _ = state.handle(.connected, at: .zero)
        if isAnswered { _ = state.handle(lease(1), at: .zero) }
        return state
    }

    private static func lease(_ sequence: Int64) -> WorkerState.Event {
        .message(WireMessage(.error(ErrorPayload(message: "", code: ErrorPayload.leaseCode, sequence: sequence))))
    }

    private static func order(
        _ job: UInt64, lease: Int? = 15, deadline: Int? = nil, attempt: Int = 1
    ) -> WorkerState.Event {
        var payload = DispatchPayload(pluginName: "p", filePath: "/f", sinks: [], fileVersionID: 1)
        payload.leaseSeconds = lease
        payload.deadlineSeconds = deadline
        payload.attempt = attempt
        return .message(WireMessage(jobID: job, .dispatch(payload)))
    }

    private static func abort(_ job: UInt64) -> WorkerState.Event { .message(WireMessage(jobID: job, .abort)) }

    /// The number of the heartbeat among the actions, if there is one.
    private func heartbeat(_ actions: [WorkerState.Action]) -> Int64? {
        for case .send(let message) in actions {
            if case .heartbeat(let payload) = message.body { return payload.sequence }
        }
        return nil
    }

    private func conclusion(_ actions: [WorkerState.Action]) -> JobReceipt? {
        for case .send(let message) in actions {
            if case .conclude(let receipt) = message.body { return receipt }
        }
        return nil
    }

    @Test func `A job whose lease is live is promoted at once`() {
        var state = Self.connected()
        _ = state.handle(Self.order(5), at: .seconds(1))
        #expect(state.handle(.promotionWanted(5, slot: 0), at: .seconds(11)) == [.promote(5, slot: 0)])
    }

    @Test func `A job whose lease has ended asks, and is promoted when the answer names it`() throws {
        var state = Self.connected()
        _ = state.handle(Self.order(5), at: .seconds(1))
        // 12 s: the lease without its margin.
        let sequence = try #require(heartbeat(state.handle(.promotionWanted(5, slot: 0), at: .seconds(12))))
        #expect(state.handle(.tick, at: .milliseconds(12_100)).isEmpty)
        #expect(state.handle(Self.lease(sequence), at: .milliseconds(12_200)) == [.promote(5, slot: 0)])
    }

    @Test func `A heartbeat that was answered renews the lease from when it was sent`() throws {
        var state = Self.connected()
        _ = state.handle(Self.order(5), at: .seconds(1))
        let sequence = try #require(heartbeat(state.handle(.heartbeatDue([]), at: .seconds(8))))
        _ = state.handle(Self.lease(sequence), at: .seconds(15))
        #expect(state.handle(.promotionWanted(5, slot: 0), at: .seconds(19)) == [.promote(5, slot: 0)])
        _ = state.handle(Self.order(6), at: .seconds(19))
        #expect(heartbeat(state.handle(.promotionWanted(6, slot: 1), at: .seconds(20))) != nil)
    }

    @Test func `An answer to a heartbeat that was sent before the stop does not make a lease live`() throws {
        var state = Self.connected()
        _ = state.handle(Self.order(5), at: .seconds(1))
        let old = try #require(heartbeat(state.handle(.heartbeatDue([]), at: .seconds(2))))
        // Stopped for a minute; the answer lay in the socket.
        #expect(heartbeat(state.handle(.promotionWanted(5, slot: 0), at: .seconds(62))) != nil)
        #expect(state.handle(Self.lease(old), at: .seconds(62)).isEmpty)
        #expect(state.handle(Self.lease(99), at: .seconds(62)).isEmpty, "never sent")
        #expect(state.handle(Self.abort(5), at: .seconds(63)) == [.cancel(slot: 0)])
    }

    @Test func `An order that lay in the socket while the worker was stopped has no live lease`() throws {
        var state = Self.connected()
        _ = state.handle(Self.order(5), at: .seconds(60))
        let sequence = try #require(heartbeat(state.handle(.promotionWanted(5, slot: 0), at: .seconds(60))))
        #expect(state.handle(Self.lease(sequence), at: .seconds(60)) == [.promote(5, slot: 0)])
    }

    @Test func `A first order that overtakes the first answer has a lease from when the worker said who it is`() {
        for (end, isLive) in [(Duration.seconds(11), true), (.seconds(12), false)] {
            var state = Self.connected(isAnswered: false)
            _ = state.handle(Self.order(5), at: .seconds(1))
            _ = state.handle(Self.lease(1), at: .seconds(1))
            let actions = state.handle(.promotionWanted(5, slot: 0), at: end)
            #expect((actions == [.promote(5, slot: 0)]) == isLive)
        }
    }

    @Test func `A question that is lost is asked again`() throws {
        var state = Self.connected()
        _ = state.handle(Self.order(5), at: .seconds(1))
        _ = state.handle(.promotionWanted(5, slot: 0), at: .seconds(20))
        let again = try #require(heartbeat(state.handle(.tick, at: .seconds(21))))
        #expect(state.handle(Self.lease(again), at: .seconds(21)) == [.promote(5, slot: 0)])
    }

    @Test func `Two jobs that want to be promoted at one time ask once`() throws {
        var state = Self.connected()
        _ = state.handle(Self.order(5), at: .seconds(1))
        _ = state.handle(Self.order(6), at: .seconds(1))
        let sequence = try #require(heartbeat(state.handle(.promotionWanted(5, slot: 0), at: .seconds(20))))
        #expect(state.handle(.promotionWanted(6, slot: 1), at: .seconds(20)).isEmpty)
        #expect(
            state.handle(Self.lease(sequence), at: .seconds(20)) == [.promote(5, slot: 0), .promote(6, slot: 1)])
    }

    @Test func `With a sentinel that does not answer, or gives no lease, nothing waits`() {
        var plain = Self.connected(isAnswered: false)
        _ = plain.handle(Self.order(5), at: .seconds(1))
        #expect(plain.handle(.promotionWanted(5, slot: 0), at: .seconds(1_000)) == [.promote(5, slot: 0)])
        var free = Self.connected()
        _ = free.handle(Self.order(5, lease: nil), at: .seconds(1))
        #expect(free.handle(.promotionWanted(5, slot: 0), at: .seconds(1_000)) == [.promote(5, slot: 0)])
    }

    @Test func `After a reconnection a sentinel has one lease's time to show that it answers`() {
        var state = Self.connected()
        _ = state.handle(Self.order(5), at: .seconds(1))
        _ = state.handle(.connected, at: .seconds(40))
        #expect(heartbeat(state.handle(.promotionWanted(5, slot: 0), at: .seconds(41))) != nil)
        #expect(!state.handle(.tick, at: .seconds(54)).contains(.promote(5, slot: 0)))
        #expect(state.handle(.tick, at: .seconds(55)) == [.promote(5, slot: 0)], "it is a plain one")
    }

    @Test func `A sentinel that was killed before its first answer is not taken for a plain one at once`() {
        var state = Self.connected(isAnswered: false)
        _ = state.handle(Self.order(5), at: .seconds(1))
        _ = state.handle(.connected, at: .seconds(40))
        #expect(heartbeat(state.handle(.promotionWanted(5, slot: 0), at: .seconds(41))) != nil)
        #expect(!state.handle(.tick, at: .seconds(54)).contains(.promote(5, slot: 0)))
        #expect(state.handle(.tick, at: .seconds(55)) == [.promote(5, slot: 0)], "it is a plain one")
    }

    @Test func `Nothing stops a promotion that has begun, and its outcome is told`() throws {
        var state = Self.connected()
        _ = state.handle(Self.order(5, deadline: 3), at: .seconds(1))
        _ = state.handle(.promotionWanted(5, slot: 0), at: .seconds(2))
        #expect(state.handle(Self.abort(5), at: .seconds(3)).isEmpty)
        #expect(state.handle(.tick, at: .seconds(9)).isEmpty)
        #expect(state.handle(.giveUp, at: .seconds(9)).isEmpty)
        let end = state.handle(.ended(5, JobReceipt(status: .success), slot: 0), at: .seconds(10))
        #expect(conclusion(end)?.status == .success && state.releasedCount == 0 && end.last == .finish)
    }

    @Test func `A job that is aborted while it waits does not get its lease any more`() throws {
        var state = Self.connected()
        _ = state.handle(Self.order(5), at: .seconds(1))
        let sequence = try #require(heartbeat(state.handle(.promotionWanted(5, slot: 0), at: .seconds(20))))
        #expect(state.handle(Self.abort(5), at: .seconds(20)) == [.cancel(slot: 0)])
        #expect(state.handle(Self.lease(sequence), at: .seconds(20)).isEmpty)
        // It had been told to stop before it came so far.
        #expect(state.handle(.promotionWanted(5, slot: 0), at: .seconds(20)).isEmpty)
    }

    @Test func `A job that is aborted while it runs and waits to run again does neither any more`() throws {
        var state = Self.connected()
        _ = state.handle(Self.order(5, deadline: 3), at: .seconds(1))
        #expect(state.handle(.tick, at: .seconds(4)) == [.cancel(slot: 0)])
        // The sentinel had lost sight of it, and gave it to this worker again before it lost sight of the worker.
        #expect(state.handle(Self.order(5, deadline: 3, attempt: 2), at: .seconds(5)).isEmpty)
        let sequence = try #require(heartbeat(state.handle(.heartbeatDue([]), at: .seconds(6))))
        let actions = state.handle(Self.abort(5), at: .seconds(7))
        #expect(actions.last == .cancel(slot: 0))
        #expect(conclusion(actions)?.attempt == 2 && conclusion(actions)?.cause == .cancelled)
        _ = state.handle(Self.lease(sequence), at: .seconds(7))
        let stopped = JobReceipt(status: .failed, errorMessage: "stopped on request", cause: .cancelled)
        let end = state.handle(.ended(5, stopped, slot: 0), at: .seconds(8))
        #expect(!end.contains { if case .start = $0 { true } else { false } })
        #expect(!state.holds(5))
    }

    @Test func `A job that takes longer than its deadline is stopped, and says so`() throws {
        var state = Self.connected()
        _ = state.handle(Self.order(5, deadline: 3), at: .seconds(1))
        #expect(state.handle(.tick, at: .milliseconds(3_999)).isEmpty)
        #expect(state.handle(.tick, at: .seconds(4)) == [.cancel(slot: 0)])
        #expect(state.handle(.tick, at: .seconds(5)).isEmpty)
        let stopped = JobReceipt(status: .failed, errorMessage: "stopped on request", cause: .cancelled)
        let receipt = conclusion(state.handle(.ended(5, stopped, slot: 0), at: .seconds(5)))
        #expect(receipt?.cause == .deadline && receipt?.errorMessage?.contains("deadline of 3 s") == true)
    }

    @Test func `A receipt is kept before it is sent, sent again after a reconnection, and forgotten when recorded`()
        throws
    {
        var state = Self.connected()
        _ = state.handle(Self.order(5), at: .seconds(1))
        let end = state.handle(.ended(5, JobReceipt(status: .success), slot: 0), at: .seconds(2))
        let receipt = try #require(conclusion(end))
        #expect(end.first == .keep(5, receipt) && receipt.attempt == 1)
        #expect(conclusion(state.handle(.tick, at: .seconds(11))) == nil)
        #expect(conclusion(state.handle(.tick, at: .seconds(12))) == receipt, "after a while without an answer")
        let again = state.handle(.connected, at: .seconds(13))
        #expect(conclusion(again) == nil, "not before the sentinel has shown that it answers")
        let sequence = try #require(heartbeat(again))
        #expect(conclusion(state.handle(Self.lease(sequence), at: .seconds(13))) == receipt)
        let recorded = ErrorPayload(message: "", code: ErrorPayload.recordedCode, jobs: [4, 5])
        #expect(state.handle(.message(WireMessage(.error(recorded))), at: .seconds(14)) == [.forget([5])])
        #expect(conclusion(state.handle(.tick, at: .seconds(60))) == nil && state.receipts.count == 0)
    }

    @Test func `A sentinel that does not answer gets each receipt once, and none of a dead process`() throws {
        var state = Self.state(found: [9: JobReceipt(status: .success)])
        _ = state.handle(.started, at: .zero)
        _ = state.handle(.connected, at: .zero)
        _ = state.handle(Self.order(5), at: .seconds(1))
        let end = state.handle(.ended(5, JobReceipt(status: .success), slot: 0), at: .seconds(2))
        #expect(end.count == 1 && conclusion(end) != nil)
        #expect(conclusion(state.handle(.tick, at: .seconds(100))) == nil)
        let again = state.handle(.connected, at: .seconds(101))
        #expect(conclusion(again) == nil)
        let sequence = try #require(heartbeat(again))
        let answered = state.handle(Self.lease(sequence), at: .seconds(102))
        #expect(
            answered == [.send(WireMessage(jobID: 9, .conclude(JobReceipt(status: .success))))],
            "found by one that does")
    }

    @Test func `Of too many receipts that nobody records the later ones are not kept`() {
        var receipts = UnrecordedReceipts()
        for job in 1...Int64(UnrecordedReceipts.countMax) {
            let isKept = receipts.keep(JobID(job), JobReceipt(status: .success), at: .zero)
            #expect(isKept)
        }
        let (isKept, isReplaced) = (
            receipts.keep(0, JobReceipt(status: .success), at: .zero),
            receipts.keep(1, JobReceipt(status: .failed), at: .zero)
        )
        #expect(!isKept && isReplaced)
        receipts.connect()
        let batches = (0..<2).map { _ in receipts.due(at: .seconds(1)) }
        #expect(batches[0].count == UnrecordedReceipts.batchMax)
        #expect(batches[1].first?.job == JobID(Int64(UnrecordedReceipts.batchMax) + 1))
    }
}
