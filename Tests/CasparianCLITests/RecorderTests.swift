import Columnar
import Testing

@testable import CasparianCLI

@Suite("What a run remembers")
struct RecorderTests {
    private func numbers(_ range: Range<Int64>) throws -> RecordBatch {
        try RecordBatch(columns: [("n", .int64(range.map { $0 }))])
    }

    @Test func `A preview keeps the first rows of each topic and counts the rest`() throws {
        let recorder = Recorder(previewRows: 5)
        for start in stride(from: Int64(0), to: 30, by: 3) {
            try recorder.add(numbers(start..<start + 3), topic: "a")
        }
        try recorder.add(numbers(0..<2), topic: "b")
        let previews = try recorder.previews()
        #expect(previews.map(\.topic) == ["a", "b"])
        #expect(previews.map(\.rows) == [30, 2])
        #expect(previews[0].cells == [["0"], ["1"], ["2"], ["3"], ["4"]])
    }

    @Test func `Batches beyond the preview are not held`() throws {
        let recorder = Recorder(previewRows: 2)
        try recorder.add(numbers(0..<2), topic: "a")
        weak var later: RecordBatch?
        do {
            let batch = try numbers(2..<4)
            later = batch
            try recorder.add(batch, topic: "a")
        }
        #expect(later == nil)
        #expect(try recorder.previews().first?.rows == 4)
    }

    @Test func `A column that comes later is null before`() throws {
        let recorder = Recorder(previewRows: 5)
        try recorder.add(numbers(0..<1), topic: "a")
        try recorder.add(RecordBatch(columns: [("n", .int64([1])), ("m", .string(["x"]))]), topic: "a")
        let preview = try #require(try recorder.previews().first)
        #expect(preview.columns.map(\.name) == ["n", "m"])
        #expect(preview.cells == [["0", nil], ["1", "x"]])
    }

    @Test func `Columns that do not go together are an error behind the preview too`() throws {
        let recorder = Recorder(previewRows: 1)
        try recorder.add(numbers(0..<3), topic: "a")
        #expect(throws: ColumnarError.self) {
            try recorder.add(RecordBatch(columns: [("n", .string(["x"]))]), topic: "a")
        }
    }

    @Test func `A plugin that begins anew is seen once`() throws {
        let recorder = Recorder(previewRows: 5)
        try recorder.add(numbers(0..<3), topic: "a")
        recorder.reset()
        try recorder.add(RecordBatch(columns: [("n", .string(["x"]))]), topic: "a")
        #expect(try recorder.previews().map(\.rows) == [1])
        #expect(try recorder.previews().first?.cells == [["x"]])
    }

    @Test func `A full preview ends the job only if asked`() throws {
        let patient = Recorder(previewRows: 2)
        try patient.add(numbers(0..<2), topic: "a")
        #expect(!patient.isCutShort)
        let hasty = Recorder(previewRows: 2, stopsWhenFull: true)
        try hasty.add(numbers(0..<1), topic: "a")
        #expect(!hasty.isCutShort)
        #expect(throws: PreviewComplete.self) { try hasty.add(numbers(1..<2), topic: "a") }
        #expect(hasty.isCutShort)
    }
}
