import CasparianModel
import CasparianPluginRuntime
import CasparianSinks
import Columnar
import Foundation
import Testing

@testable import CasparianWorker

@Suite struct CauseTests {
    let workshop: Workshop
    init() throws { workshop = try Workshop() }

    private static let strict = #"{"columns": [{"name": "n", "type": "int64"}], "max_quarantined": 0}"#

    @Test func `Every kind of failure has its cause`() throws {
        let good: ScriptedSlot.Script = { try $0.write(numbers(1), topic: "output") }
        let bad: ScriptedSlot.Script = {
            try $0.write(RecordBatch(columns: [("n", .string(["x"]))]), topic: "output")
        }
        #expect(workshop.run([.to("nowhere://x")], good).cause == .configuration)
        #expect(workshop.run([.to("memory://t", schema: "[")], good).cause == .configuration)
        #expect(workshop.run([.to("memory://t", schema: Self.strict)], bad).cause == .contract)
        #expect(
            workshop.run { try $0.write(RecordBatch(columns: [("_job_id", .int64([1]))]), topic: "output") }.cause
                == .plugin)
        workshop.faulty.fail(at: .prepare)
        #expect(workshop.run([.to("faulty://f")], good).cause == .sink)
        #expect(
            workshop.runner().run(workshop.order(), on: ScriptedSlot(good), isCancelled: { true }).cause == .cancelled)
        #expect(
            workshop.runner().run(workshop.order(), on: ScriptedSlot(good), mayPromote: { false }).cause == .cancelled)
        #expect(workshop.files.isEmpty && workshop.run([], good).cause == nil)
    }

    @Test func `A file that changes is its own cause; one that is gone or cannot be hashed is the file's fault`() throws
    {
        let input = workshop.input
        let changed = workshop.run { _ in
            try Data("more than before".utf8).write(to: URL(fileURLWithPath: input))
        }
        #expect(changed.cause == .changed && FailureCause.changed.isTransient == false)
        struct Unreadable: Error {}
        var order = workshop.order()
        order.contentHash = ContentHash(digest: Array(repeating: 1, count: 32))
        #expect(workshop.runner { _ in throw Unreadable() }.run(order, on: ScriptedSlot { _ in }).cause == .file)
        try FileManager.default.removeItem(atPath: input)
        #expect(workshop.run { _ in }.cause == .file)
    }

    @Test(arguments: [
        (SinkError.Code.unreachable, "no answer", true, FailureCause.unreachable),
        (.io, "cannot be written: No space left on device", false, .full),
        (.io, "cannot be written: Disk quota exceeded", true, .full), (.io, "the disk is full (13)", true, .full),
        (.io, "Permission denied", false, .sink), (.io, "another worker writes it", true, .unreachable),
        (.rejected, "rows are there", false, .sink), (.rejected, "the name 'is full' is taken", false, .sink),
        (.incompatibleColumn, "int64 and bool", false, .sink),
    ])
    func `What storage says becomes a cause`(
        _ code: SinkError.Code, _ message: String, _ isTransient: Bool, _ cause: FailureCause
    ) {
        let error = SinkError(code: code, target: "t", message: message, isTransient: isTransient)
        #expect(FailureCause(of: error) == cause)
    }

    @Test func `A plugin's cause, signal and memory get into the receipt`() {
        let receipt = workshop.run { output in
            output.note(peakBytes: 7)
            throw PluginError(code: .guestDied, plugin: "p", message: "killed", exitSignal: 9)
        }
        #expect(receipt.cause == .guest && receipt.exitSignal == 9 && receipt.peakBytes == 7)
        #expect(workshop.run { $0.note(peakBytes: 8) }.peakBytes == 8)
    }

    @Test(arguments: [
        (PluginError.Code.unknownPlugin, FailureCause.configuration), (.cannotLoad, .plugin), (.failed, .plugin),
        (.unsupportedData, .plugin), (.guestDied, .guest), (.guestGarbage, .guest), (.cancelled, .cancelled),
        (.unreadable, .file),
    ])
    func `What a plugin's host says becomes a cause`(_ code: PluginError.Code, _ cause: FailureCause) {
        #expect(PluginError(code: code, plugin: "p", message: "").cause == cause)
    }
}
