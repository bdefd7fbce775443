import CasparianModel
import CasparianSinks
import CasparianTestKit
import Foundation
import Testing

@testable import CasparianWorker

@Suite struct ReceiptLogTests {
    let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder() }

    private var files: [String] { folder.files().filter { $0.hasSuffix(".receipts") } }

    static func receipt(_ rows: Int64) -> JobReceipt {
        JobReceipt(
            status: .success, metrics: [JobReceipt.rowsMetric: rows],
            artifacts: [Artifact(topic: "output", uri: "parquet://ü.parquet", rows: rows)], attempt: 2)
    }

    private static let jobs: ClosedRange<Int64> = 1...5

    /// In a process of its own, so that what it has locked is let go when it is killed, and not before.
    private func killed(after kept: ClosedRange<Int64>, forgotten: [Int64] = []) async {
        let (first, last) = (kept.lowerBound, kept.upperBound)
        await #expect(processExitsWith: .signal(SIGKILL)) {
            [
                root = folder.path as String, first = first as Int64, last = last as Int64,
                forgotten = forgotten as [Int64]
            ] in
            let log = try ReceiptLog(outputRoot: root)
            for job in first...last { try log.keep(JobID(job), ReceiptLogTests.receipt(job)) }
            log.forget(forgotten.map { JobID($0) })
            kill(getpid(), SIGKILL)
        }
    }

    @Test func `What a killed process kept is found by the next one, once, and without what was recorded`() async throws
    {
        await killed(after: 1...3, forgotten: [])
        await killed(after: 3...5, forgotten: [])
        // The second process has taken over what the first one left.
        #expect(files.count == 1)
        let log = try ReceiptLog(outputRoot: folder.path)
        #expect(log.found == Dictionary(uniqueKeysWithValues: Self.jobs.map { (JobID($0), Self.receipt($0)) }))
        let other = try ReceiptLog(outputRoot: folder.path)
        #expect(other.found.isEmpty, "a living process has them")
        log.forget(Self.jobs.map { JobID($0) })
        #expect(files.allSatisfy { FileManager.default.contents(atPath: folder.file($0))?.isEmpty == true })
    }

    @Test func `A process that was killed after all were recorded leaves nothing to send`() async throws {
        await killed(after: 1...3, forgotten: [1, 2, 3])
        #expect(try ReceiptLog(outputRoot: folder.path).found.isEmpty)
        #expect(files.isEmpty, "and a log that ends with nothing to keep leaves no file")
    }

    @Test func `Half a receipt at the end does not hide the whole ones before it`() async throws {
        await killed(after: 1...2)
        let path = folder.file(try #require(files.first))
        let bytes = try #require(FileManager.default.contents(atPath: path))
        for count in [bytes.count - 1, bytes.count - 40, bytes.count / 2 + 1] {
            try bytes.prefix(count).write(to: URL(fileURLWithPath: path))
            // Closed without a receipt being recorded: as if it had been killed.
            #expect(try ReceiptLog(outputRoot: folder.path).found == [1: Self.receipt(1)], "\(count) of \(bytes.count)")
            for file in files { try FileManager.default.removeItem(atPath: folder.file(file)) }
        }
        try Data(repeating: 0, count: 100).write(to: URL(fileURLWithPath: path))
        #expect(try ReceiptLog(outputRoot: folder.path).found.isEmpty)
    }

    @Test func `A file stays short however many receipts pass through it`() throws {
        let log = try ReceiptLog(outputRoot: folder.path)
        try log.keep(1, Self.receipt(1))
        for job in Int64(2)...20_000 {
            try log.keep(JobID(job), Self.receipt(job))
            log.forget([JobID(job)])
        }
        let size = try #require(try FileManager.default.attributesOfItem(atPath: folder.file(files[0]))[.size] as? Int)
        #expect(files.count == 1 && size < 2 << 20)
    }

    @Test func `A job's later receipt takes the place of the earlier one`() async throws {
        await killed(after: 1...1)
        let log = try ReceiptLog(outputRoot: folder.path)
        try log.keep(1, Self.receipt(8))
        #expect(log.found == [1: Self.receipt(1)])
        log.forget([1])
        #expect(FileManager.default.contents(atPath: folder.file(files[0])) == Data())
    }

    @Test func `Nothing is made before there is something to keep, and nothing can be kept after the end`() throws {
        let log = try ReceiptLog(outputRoot: folder.path)
        log.forget([1])
        log.close()
        #expect(throws: SinkError.self) { try log.keep(1, Self.receipt(1)) }
        #expect(folder.entries().isEmpty)
    }

    @Test func `A folder that cannot be is an error that names it`() throws {
        try folder.write("", to: "out")
        let log = try ReceiptLog(outputRoot: folder.file("out"))
        let error = #expect(throws: SinkError.self) { try log.keep(1, Self.receipt(1)) }
        #expect(error?.description.contains(folder.file("out")) == true && error?.code == .io)
        log.forget([1])
    }
}
