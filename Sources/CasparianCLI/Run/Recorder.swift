import Columnar
import CasparianSinks
import Synchronization

/// What one job made so far. Holds the first rows of each topic and counts the rest.
final class Recorder: Sendable {
    private struct Topic {
        var name: String
        var schema = StagedSchema()
        var kept: [RecordBatch] = []
        var keptRows = 0
        var rows: Int64 = 0
    }

    private struct State {
        var topics: [Topic] = []
        var reading = Duration.zero
        var isCutShort = false
    }

    private let previewRows: Int
    private let stopsWhenFull: Bool
    private let state = Mutex(State())

    /// - Parameters:
    ///   - previewRows: Rows of each topic to keep; 0 keeps none.
    ///   - stopsWhenFull: End the job when a topic has so many.
    init(previewRows: Int, stopsWhenFull: Bool = false) {
        self.previewRows = previewRows
        self.stopsWhenFull = stopsWhenFull
    }

    /// - Throws: `ColumnarError` when the batch's columns do not go with the earlier ones; `PreviewComplete`.
    func add(_ batch: RecordBatch, topic name: String) throws {
        guard previewRows > 0, batch.rowCount > 0 else { return }
        let isFull = try state.withLock { state in
            if !state.topics.contains(where: { $0.name == name }) { state.topics.append(Topic(name: name)) }
            guard let index = state.topics.firstIndex(where: { $0.name == name }) else { return false }
            _ = try state.topics[index].schema.step(for: batch.schema)
            let missing = previewRows - state.topics[index].keptRows
            if missing > 0 {
                let part = batch.slice(from: 0, count: missing)
                state.topics[index].kept.append(part)
                state.topics[index].keptRows += part.rowCount
            }
            state.topics[index].rows += Int64(batch.rowCount)
            state.isCutShort = stopsWhenFull && missing <= batch.rowCount
            return state.isCutShort
        }
        if isFull { throw PreviewComplete() }
    }

    /// Forgets the rows: the plugin begins anew.
    func reset() { state.withLock { $0.topics = [] } }

    func addReading(_ duration: Duration) { state.withLock { $0.reading += duration } }

    /// Time that the plugin took, without what was done with its rows.
    var reading: Duration { state.withLock(\.reading) }

    /// The job was ended because its preview was full.
    var isCutShort: Bool { state.withLock(\.isCutShort) }

    /// - Throws: `ColumnarError` for a cell that has no text form.
    func previews() throws -> [TopicPreview] {
        try state.withLock(\.topics).map { topic in
            guard let schema = topic.schema.schema else { preconditionFailure("a topic begins with a batch") }
            let cells = try topic.kept.flatMap { batch in
                try batch.conforming(to: schema).cellTexts(rows: 0..<batch.rowCount)
            }
            return TopicPreview(topic: topic.name, columns: schema.fields, cells: cells, rows: topic.rows)
        }
    }
}

/// The columns and first rows of one topic.
struct TopicPreview: Sendable {
    var topic: String
    var columns: [Field]
    /// Row by row; nil is null.
    var cells: [[String?]]
    /// All rows, also those that are not shown.
    var rows: Int64
}
