import CasparianModel
import CasparianPluginRuntime
import CasparianSinks
import CasparianWorker
import Foundation
import Testing

/// A file that changes while a plugin reads it.
@Suite struct SourceFileTests {
    let workshop: Workshop
    init() throws { workshop = try Workshop() }

    enum Change: CaseIterable {
        case append, shorten, rewriteSameSize, renameOverSameSize, remove, becomeFolder, rewriteAndKeepTime
    }

    static func apply(_ change: Change, to path: String) throws {
        let url = URL(fileURLWithPath: path)
        switch change {
        case .append:
            let handle = try FileHandle(forWritingTo: url)
            try handle.seekToEnd()
            try handle.write(contentsOf: Data("3,4\n".utf8))
        case .shorten: #expect(truncate(path, 4) == 0)
        case .rewriteSameSize: try Data("a,b\n8,9\n".utf8).write(to: url)
        case .renameOverSameSize:
            try Data("a,b\n8,9\n".utf8).write(to: URL(fileURLWithPath: path + ".new"))
            #expect(rename(path + ".new", path) == 0)
        case .remove: #expect(unlink(path) == 0)
        case .becomeFolder:
            #expect(unlink(path) == 0)
            #expect(mkdir(path, 0o755) == 0)
        case .rewriteAndKeepTime:
            var before = stat()
            #expect(stat(path, &before) == 0)
            try Data("a,b\n8,9\n".utf8).write(to: url)
            #expect(utimensat(AT_FDCWD, path, [before.st_atim, before.st_mtim], 0) == 0)
        }
    }

    @Test(arguments: Change.allCases)
    func `A file that changes while it is read ends the job as changed and leaves nothing`(_ change: Change) {
        let path = workshop.input
        let receipt = workshop.run([.to("parquet://t.parquet"), .to("memory://m")]) { output in
            try output.write(numbers(3), topic: "output")
            try Self.apply(change, to: path)
            try output.write(numbers(3), topic: "output")
        }
        #expect(receipt.status == .failed)
        #expect(receipt.errorMessage?.contains(path) == true)
        let (cause, text): (FailureCause, String) =
            switch change {
            case .remove: (.file, "the file is gone")
            case .becomeFolder: (.file, "is not a regular file any more")
            default: (.changed, "the file changed after it was queued")
            }
        #expect(receipt.cause == cause && receipt.errorMessage?.contains(text) == true)
        #expect(receipt.errorMessage?.contains("the next scan") == (change != .becomeFolder))
        #expect(workshop.files.isEmpty && workshop.tables.batches(at: "m").isEmpty)
    }

    @Test func `A change at once after the file was written is seen, too`() throws {
        for round in 10..<40 {
            try workshop.write("a,b\n\(round)\n")
            let path = workshop.input
            let receipt = workshop.run { _ in
                try Data("a,b\n\(round + 50)\n".utf8).write(to: URL(fileURLWithPath: path))
            }
            #expect(receipt.status == .failed, "round \(round)")
        }
    }

    @Test func `A file that is only read by others does not fail the job`() {
        let path = workshop.input
        let receipt = workshop.run { output in
            _ = FileManager.default.contents(atPath: path)
            try output.write(numbers(1), topic: "output")
        }
        #expect(receipt.status == .success)
    }

    @Test func `A file that is not there, or is a folder, fails before the plugin runs`() throws {
        for path in [workshop.path + "/none", workshop.path] {
            var order = workshop.order()
            order.filePath = path
            let slot = ScriptedSlot { _ in }
            let receipt = workshop.runner().run(order, on: slot)
            #expect(receipt.status == .failed && receipt.errorMessage?.hasPrefix(path + ": ") == true)
            #expect(slot.invocations.isEmpty && receipt.cause == .file)
        }
    }

    @Test func `The file that is gone at its turn is told with the next step`() {
        #expect(unlink(workshop.input) == 0)
        let receipt = workshop.run { _ in }
        #expect(receipt.cause == .file)
        for part in [workshop.input, "moved or deleted after it was queued", "casparian jobs retry"] {
            #expect(receipt.errorMessage?.contains(part) == true)
        }
    }

    @Test func `A plugin that fails on a file that changes or goes away meanwhile is not blamed`() throws {
        let path = workshop.input
        for code in [PluginError.Code.failed, .unreadable, .guestDied] {
            let receipt = workshop.run { _ in
                try Self.apply(.append, to: path)
                throw PluginError(code: code, plugin: "p", message: "half a row")
            }
            #expect(receipt.cause == .changed && receipt.errorMessage?.contains("half a row") == false)
        }
        let gone = workshop.run { _ in
            #expect(unlink(path) == 0)
            throw PluginError(code: .failed, plugin: "p", message: "FileNotFoundError")
        }
        #expect(gone.cause == .file && gone.errorMessage?.contains("the file is gone") == true)
        try workshop.write("a,b\n1,2\n")
        let cancelled = workshop.run { _ in
            try Self.apply(.append, to: path)
            throw PluginError(code: .cancelled, plugin: "p", message: "stopped")
        }
        #expect(cancelled.cause == .cancelled)
        let stayed = workshop.run { _ in throw PluginError(code: .failed, plugin: "p", message: "half a row") }
        #expect(stayed.cause == .plugin && stayed.errorMessage?.contains("half a row") == true)
    }
}
