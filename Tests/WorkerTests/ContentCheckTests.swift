import CasparianModel
import CasparianPluginRuntime
import CasparianSinks
import CasparianWorker
import Foundation
import Testing

@Suite struct ContentCheckTests {
    let workshop: Workshop
    let expected = ContentHash(digest: Array(repeating: 1, count: 32))
    init() throws { workshop = try Workshop() }

    private func run(_ hasher: JobRunner.Hasher?, on slot: ScriptedSlot? = nil) -> JobReceipt {
        var order = workshop.order([.to("parquet://t.parquet")])
        order.contentHash = expected
        return workshop.runner(hasher: hasher).run(
            order, on: slot ?? ScriptedSlot { try $0.write(numbers(3), topic: "output") })
    }

    private func reporting(_ hash: ContentHash?, _ script: @escaping ScriptedSlot.Script) -> ScriptedSlot {
        ScriptedSlot(reports: true, hash: hash, script)
    }

    @Test func `What a slot says that it read counts, and nobody reads the file beside it`() {
        let rows: ScriptedSlot.Script = { try $0.write(numbers(3), topic: "output") }
        let good = reporting(expected, rows)
        #expect(run({ _ in throw CancellationError() }, on: good).status == .success)
        #expect(good.invocations.map(\.wantsContentHash) == [true])
        let other = ContentHash(digest: Array(repeating: 2, count: 32))
        let bad = run({ _ in throw CancellationError() }, on: reporting(other, rows))
        #expect(bad.cause == .changed && bad.errorMessage?.contains(other.hex) == true)
    }

    @Test func `A slot that promised a hash and tells none has the file read again`() {
        let expected = expected
        let rows: ScriptedSlot.Script = { try $0.write(numbers(3), topic: "output") }
        #expect(run({ _ in expected }, on: reporting(nil, rows)).status == .success)
        let other = ContentHash(digest: Array(repeating: 2, count: 32))
        #expect(run({ _ in other }, on: reporting(nil, rows)).cause == .changed)
        // A hash of what was read before a new start is none of what was written.
        let anew: ScriptedSlot.Script = { output in
            output.note(contentHash: expected)
            try output.restart()
        }
        #expect(run({ _ in other }, on: reporting(nil, anew)).cause == .changed)
    }

    @Test func `A plugin that fails on other content than was queued is not blamed`() {
        let other = ContentHash(digest: Array(repeating: 2, count: 32))
        let failing: ScriptedSlot.Script = { _ in throw PluginError(code: .unreadable, plugin: "p", message: "torn") }
        #expect(run({ _ in other }, on: reporting(nil, failing)).cause == .changed)
        #expect(run({ _ in other }, on: ScriptedSlot(failing)).cause == .changed)
        let expected = expected
        #expect(run({ _ in expected }, on: reporting(nil, failing)).cause == .file)
    }

    @Test func `A hash is not asked of a slot for a job that names none`() {
        let slot = reporting(nil) { _ in }
        #expect(workshop.runner { _ in throw CancellationError() }.run(workshop.order(), on: slot).status == .success)
        #expect(slot.invocations.map(\.wantsContentHash) == [false])
    }

    @Test func `Content that is the expected one is promoted`() {
        #expect(run { _ in ContentHash(digest: Array(repeating: 1, count: 32)) }.status == .success)
        #expect(workshop.files == ["t_7.parquet"])
    }

    @Test func `Other content than expected fails the job, names both hashes and leaves nothing`() {
        let other = ContentHash(digest: Array(repeating: 2, count: 32))
        let receipt = run { _ in other }
        #expect(receipt.status == .failed && receipt.cause == .changed && workshop.files.isEmpty)
        for part in [workshop.input, expected.hex, other.hex] { #expect(receipt.errorMessage?.contains(part) == true) }
    }

    @Test func `A hash that cannot be made fails the job`() {
        struct Unreadable: Error {}
        let receipt = run { _ in throw Unreadable() }
        #expect(receipt.status == .failed && receipt.errorMessage?.contains("Unreadable") == true)
        #expect(workshop.files.isEmpty)
    }

    @Test func `The hash is made of the job's file, and only when one is expected`() {
        let (path, expected) = (workshop.input, expected)
        let receipt = run { asked in
            if asked != path { throw CancellationError() }
            return expected
        }
        #expect(receipt.status == .success)
        let plain = workshop.runner { _ in throw CancellationError() }
        #expect(plain.run(workshop.order(job: 8), on: ScriptedSlot { _ in }).status == .success)
    }
}
