import CasparianModel
import CasparianPluginRuntime
import CasparianSinks
import CasparianTestKit
import CasparianWorker
import FileDiscovery
import Foundation
import PluginHost
import Testing

/// A file that changes while real readers and guests parse it.
@Suite struct ReaderTests {
    enum Change: CaseIterable { case append, truncate, rewrite, replace, replaceWithSameTime, touch }

    private let folder: TemporaryFolder
    private let tables = MemoryTables()
    private var input: String { folder.file("in.csv") }
    private static let rows = 400_000

    init() throws { folder = try TemporaryFolder() }

    private static func text(_ digit: Int) -> String {
        "n,digit\n" + (0..<rows).map { "\(1_000_000 + $0),\(digit)\n" }.joined()
    }

    private static func apply(_ change: Change, to path: String) throws {
        let other = Data(text(2).utf8)
        var before = stat()
        #expect(stat(path, &before) == 0)
        switch change {
        case .append:
            let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
            try handle.seekToEnd()
            try handle.write(contentsOf: Data("3000000,3\n".utf8))
        case .truncate: #expect(truncate(path, 8 + 10 * 100_000) == 0)
        case .rewrite: try other.write(to: URL(fileURLWithPath: path))
        case .replace, .replaceWithSameTime:
            try other.write(to: URL(fileURLWithPath: path + ".new"))
            if change == .replaceWithSameTime {
                #expect(utimensat(AT_FDCWD, path + ".new", [before.st_atim, before.st_mtim], 0) == 0)
            }
            #expect(rename(path + ".new", path) == 0)
        case .touch: #expect(utimensat(AT_FDCWD, path, nil, 0) == 0)
        }
    }

    private func order(_ plugin: String, hash: ContentHash) -> JobOrder {
        var order = JobOrder(
            jobID: 7, pluginName: plugin, filePath: input, fileVersionID: 3,
            sinks: [SinkConfig(topic: "output", uri: "memory://t")], attempt: 1)
        order.contentHash = hash
        return order
    }

    private func run(_ order: JobOrder, _ slot: any PluginSlot, onFirstRows: @escaping () throws -> Void) -> JobReceipt
    {
        var isFirst = true
        return JobRunner(registry: SinkRegistry([MemorySinkFactory(tables: tables)])) { try FileHasher.hash(path: $0) }
            .run(order, on: slot) { _ in
                guard isFirst else { return }
                isFirst = false
                do { try onFirstRows() } catch { Issue.record(error) }
            }
    }

    @Test(arguments: Change.allCases, ["csv", "lines"])
    func `A native reader keeps nothing of a file that changes while it is parsed`(
        _ change: Change, _ plugin: String
    ) throws {
        try folder.write(Self.text(1), to: "in.csv")
        let order = order(plugin, hash: try FileHasher.hash(path: input))
        let receipt = run(order, NativeReaders().makeSlot()) { try Self.apply(change, to: input) }
        #expect(receipt.cause == .changed, "\(receipt.errorMessage ?? "")")
        #expect(tables.batches(at: "t").isEmpty)
        // What is there then is another version's, or the same one's if only its times are others.
        let again = self.order(plugin, hash: try FileHasher.hash(path: input))
        #expect(run(again, NativeReaders().makeSlot()) {}.status == .success)
    }

    @Test func `A file that was replaced before its turn is not read as what was queued`() throws {
        try folder.write(Self.text(1), to: "in.csv")
        let order = order("csv", hash: try FileHasher.hash(path: input))
        try Self.apply(.replaceWithSameTime, to: input)
        let receipt = run(order, NativeReaders().makeSlot()) {}
        #expect(receipt.cause == .changed && tables.batches(at: "t").isEmpty)
    }

    @Test func `A type that does not fit the rest of a file that was queued otherwise is no fault of the file`() throws
    {
        try folder.write("a,b\n1,2\n", to: "in.csv")
        let order = order("csv", hash: try FileHasher.hash(path: input))
        try folder.write("a,b\n1,2,3\n", to: "in.csv")
        #expect(run(order, NativeReaders().makeSlot()) {}.cause == .changed)
    }

    /// Reads the first row, waits until somebody says so, and reads the rest.
    private static let slow = """
        import os, time
        from casparian_flow.sdk import BasePlugin
        import pyarrow
        class Handler(BasePlugin):
            def consume(self, event):
                with open(event.path, "rb", buffering=0) as file:
                    yield pyarrow.table({"text": [file.read(16)]})
                    while not os.path.exists(event.path + ".go"):
                        time.sleep(0.005)
                    yield pyarrow.table({"text": [file.read()]})
        """

    @Test(arguments: Change.allCases)
    func `Nothing is kept of a file that changes while a guest parses it`(_ change: Change) throws {
        try folder.write(Self.text(1), to: "in.csv")
        try folder.write(Self.slow, to: "slow.py")
        let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path
        let options = PythonPlugins.Options(
            folder: folder.path, python: package + "/.deps/python/bin/python3", sdkFolder: package + "/python")
        let slot = PythonPlugins(options).makeSlot()
        defer { slot.shutDown() }
        let order = order("slow", hash: try FileHasher.hash(path: input))
        let receipt = run(order, slot) {
            try Self.apply(change, to: input)
            try folder.write("", to: "in.csv.go")
        }
        #expect(receipt.cause == .changed, "\(receipt.errorMessage ?? "")")
        #expect(tables.batches(at: "t").isEmpty)
    }
}
