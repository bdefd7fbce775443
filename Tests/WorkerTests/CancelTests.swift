import CasparianTestKit
import CasparianModel
import CasparianPluginRuntime
import CasparianSinks
import Dispatch
import Synchronization
import Testing

@testable import CasparianWorker

@Suite struct CancelTests {
    let workshop: Workshop
    init() throws { workshop = try Workshop() }

    private func expectStopped(_ receipt: JobReceipt, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(receipt.status == .failed, sourceLocation: sourceLocation)
        #expect(receipt.errorMessage?.contains("stopped on request") == true, sourceLocation: sourceLocation)
        #expect(workshop.files.isEmpty, sourceLocation: sourceLocation)
    }

    @Test func `A job that is cancelled before it begins does not run its plugin`() {
        let slot = ScriptedSlot { _ in }
        expectStopped(workshop.runner().run(workshop.order(), on: slot, isCancelled: { true }))
        #expect(slot.invocations.isEmpty)
    }

    @Test func `A slot can ask whether its job was cancelled before it could be told`() {
        let asked = Flag()
        let slot = ScriptedSlot { output in
            #expect(!output.isCancelled)
            asked.raise()
            #expect(output.isCancelled)
        }
        expectStopped(workshop.runner().run(workshop.order(), on: slot, isCancelled: { asked.isRaised }))
    }

    @Test func `A job that is cancelled when its plugin has ended promotes nothing`() {
        let ended = Flag()
        let slot = ScriptedSlot { output in
            try output.write(numbers(3), topic: "output")
            ended.raise()
        }
        expectStopped(workshop.runner().run(workshop.order(), on: slot, isCancelled: { ended.isRaised }))
    }

    @Test func `A job that is cancelled while its sinks are prepared promotes nothing`() {
        let sinks: [SinkConfig] = [.to("parquet://t.parquet"), .to("faulty://f")]
        let slot = ScriptedSlot { try $0.write(numbers(3), topic: "output") }
        let faulty = workshop.faulty
        expectStopped(
            workshop.runner().run(workshop.order(sinks), on: slot, isCancelled: { faulty.passed.contains(.prepare) }))
        #expect(faulty.tables.batches(at: "f").isEmpty)
    }

    @Test func `A worker's slot stops a job that its thread had not begun, and no job after that`() async {
        let (ended, end) = AsyncStream.makeStream(of: (JobID, JobReceipt).self)
        let mayEnd = DispatchSemaphore(value: 0)
        let slot = ScriptedSlot { output in
            mayEnd.wait()
            try output.write(numbers(1), topic: "output")
        }
        let thread = SlotThread(name: "slot", slot: slot, runner: workshop.runner()) { end.yield(($0, $1)) }
        var receipts = ended.makeAsyncIterator()
        thread.start(workshop.order(job: 1))
        // The thread is busy, so that the second job is told to stop before it begins.
        thread.start(workshop.order(job: 2))
        thread.cancel()
        mayEnd.signal()
        #expect(await receipts.next()?.1.status == .success)
        let second = await receipts.next()
        #expect(second?.0 == 2 && second?.1.errorMessage?.contains("stopped on request") == true)
        // Late: the second job is over, and the third is not meant.
        thread.cancel()
        thread.start(workshop.order(job: 3))
        mayEnd.signal()
        #expect(await receipts.next()?.1.status == .success)
        await thread.end()
        #expect(slot.invocations.map(\.jobID) == [1, 3])
    }
}
