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

    private func run(_ hasher: JobRunner.Hasher?) -> JobReceipt {
        var order = workshop.order([.to("parquet://t.parquet")])
        order.contentHash = expected
        return workshop.runner(hasher: hasher).run(
            order, on: ScriptedSlot { try $0.write(numbers(3), topic: "output") })
    }

    @Test func `Content that is the expected one is promoted`() {
        #expect(run { _ in ContentHash(digest: Array(repeating: 1, count: 32)) }.status == .success)
        #expect(workshop.files == ["t_7.parquet"])
    }

    @Test func `Other content than expected fails the job, names both hashes and leaves nothing`() {
        let other = ContentHash(digest: Array(repeating: 2, count: 32))
        let receipt = run { _ in other }
        #expect(receipt.status == .failed && workshop.files.isEmpty)
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
