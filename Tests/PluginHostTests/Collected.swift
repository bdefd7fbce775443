import CasparianModel
import CasparianPluginRuntime
import CasparianTestKit
import Columnar
import Testing

/// What a plugin handed over, in order.
final class Collected: PluginOutput {
    private(set) var parts: [(topic: String, batch: RecordBatch)] = []
    private let onWrite: (Int) throws -> Void
    private(set) var restarts = 0
    private(set) var contentHash: ContentHash?

    /// - Parameter onWrite: Called with the number of each batch, from 0.
    init(onWrite: @escaping (Int) throws -> Void = { _ in }) { self.onWrite = onWrite }

    func write(_ batch: RecordBatch, topic: String) throws {
        parts.append((topic, batch))
        try onWrite(parts.count - 1)
    }

    /// Line numbers, as texts.
    private(set) var rejectedLines: [String?] = []

    func reject(_ records: RecordBatch) throws {
        rejectedLines += try records.cellTexts(rows: 0..<records.rowCount).map { $0[0] }
    }

    func restart() throws {
        restarts += 1
        rejectedLines = []
        contentHash = nil
        parts = []
    }

    func table(_ topic: String = "output") throws -> SinkTable {
        try SinkTable(parts.filter { $0.topic == topic }.map(\.batch))
    }

    func note(contentHash: ContentHash) { self.contentHash = contentHash }

    /// The first column of the topic's rows.
    func cells(_ topic: String = "output") throws -> [String?] { try table(topic).rows.map { $0[0] } }
}

/// The plugin error that `body` throws; an issue and nil if it throws none.
func pluginError(_ body: () throws -> Void) -> PluginError? {
    #expect(throws: PluginError.self) { try body() }
}
