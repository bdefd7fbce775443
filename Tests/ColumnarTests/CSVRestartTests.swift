import CasparianTestKit
import Columnar
import Foundation
import Testing

@Suite struct CSVRestartTests {
    struct Case: CustomTestStringConvertible {
        let early: String
        let late: String
        let type: String
        var testDescription: String { "\(early), later \(late): \(type)" }
    }

    @Test(arguments: [
        Case(early: "1", late: "2.5", type: "double"), Case(early: "1", late: "x", type: "string"),
        Case(early: "1.5", late: "1e999", type: "string"), Case(early: "true", late: "maybe", type: "string"),
        Case(early: "2024-01-01", late: "2024-13-01", type: "string"),
        Case(early: "2024-01-01 00:00:00", late: "2024-01-01 00:00:00.1234567", type: "timestamp[ns]"),
        Case(early: "", late: "7", type: "int64"), Case(early: "1", late: "\"\"", type: "string"),
        Case(early: "9007199254740993", late: "0.5", type: "string"),
        Case(early: "0.5", late: "9007199254740993", type: "string"),
    ])
    func `A late cell that does not fit tells line, text and types to start anew with`(_ sample: Case) throws {
        let folder = try TemporaryFolder()
        let late = 9000
        let rows = (2...10_000).map { "\($0),\($0 == late ? sample.late : sample.early)\n" }
        let path = try folder.write("n,value\n" + rows.joined())
        var options = CSVOptions()
        options.blockBytes = 4096
        let error = try #require(
            columnarError { _ = try Table(BatchReader.csv(path: path, options: options)) })
        #expect(error.code == .typeConflict)
        #expect(error.line == Int64(late))
        #expect(error.message.contains("column 'value'"))
        options.types = error.widerTypes
        let table = try Table(BatchReader.csv(path: path, options: options))
        #expect(table.columns == ["n:int64", "value:\(sample.type)"])
        #expect(table.rows.count == 9999)
        if sample.type == "string" {
            #expect(table.rows[late - 2][1] == sample.late.trimmingCharacters(in: ["\""]))
            #expect(table.rows[0][1] == sample.early)
        }
    }

    @Test func `A source that failed says so again`() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("a\n" + String(repeating: "1\n", count: 100) + "x\n")
        var options = CSVOptions()
        options.blockBytes = 16
        let source = try BatchReader.csv(path: path, options: options)
        #expect(columnarError { while try source.next() != nil {} }?.code == .typeConflict)
        #expect(columnarError { _ = try source.next() }?.code == .typeConflict)
    }

    @Test func `A cancelled source stops, from any thread`() async throws {
        let folder = try TemporaryFolder()
        let path = folder.file("large.csv")
        try writeLargeCSV(to: path, megabytes: 8)
        let source = try BatchReader.csv(path: path)
        #expect(try source.next() != nil)
        await Task { source.cancel() }.value
        #expect(columnarError { while try source.next() != nil {} }?.code == .cancelled)
        // One that was not begun, and one of every other kind.
        for other in [
            try BatchReader.csv(path: path), try BatchReader.lines(path: path),
            try BatchReader.jsonLines(path: path),
        ] {
            other.cancel()
            #expect(columnarError { _ = try other.next() }?.code == .cancelled)
        }
    }

    /// In a process of its own, where no other test begins and ends threads.
    @Test func `A source that is dropped half read leaves no thread behind`() async {
        await #expect(processExitsWith: .success) {
            let folder = try TemporaryFolder()
            let path = folder.file("large.csv")
            try writeLargeCSV(to: path, megabytes: 8)
            let rounds = 60
            // Starts the threads that stay: pools have one for each processor.
            for _ in 0..<rounds { _ = try BatchReader.csv(path: path).next() }
            let before = try CSVRestartTests.threadCount()
            for _ in 0..<rounds { _ = try BatchReader.csv(path: path).next() }
            // A thread that has ended may be listed for a moment.
            var left = try CSVRestartTests.threadCount() - before
            for _ in 0..<300 where left > rounds / 2 {
                try await Task.sleep(for: .milliseconds(100))
                left = try CSVRestartTests.threadCount() - before
            }
            #expect(left <= rounds / 2)
        }
    }

    private static func threadCount() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count
    }
}
