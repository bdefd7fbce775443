import CasparianModel
import CasparianModel
import CasparianPluginRuntime
import CasparianSinks
import Columnar

/// Runs jobs on another slot and notes what the plugin makes: its columns, its first rows and the time it took.
final class RecordingSlot: PluginSlot {
    private let slot: any PluginSlot
    private let recorder: Recorder

    init(_ slot: any PluginSlot, recorder: Recorder) {
        self.slot = slot
        self.recorder = recorder
    }

    func run(_ invocation: PluginInvocation, output: any PluginOutput) throws {
        let start = ContinuousClock.now
        var written = Duration.zero
        defer { recorder.addReading(ContinuousClock.now - start - written) }
        let recording = RecordingOutput(output, recorder, filePath: invocation.filePath)
        defer { written = recording.elapsed }
        try slot.run(invocation, output: recording)
    }

    func edition(of plugin: String) -> PluginEdition? { slot.edition(of: plugin) }
    func mayReject(_ plugin: String) -> Bool { slot.mayReject(plugin) }
    func reportsContentHash(of plugin: String) -> Bool { slot.reportsContentHash(of: plugin) }
    func cancel() { slot.cancel() }
    func shutDown() { slot.shutDown() }
}

/// The preview is full and nobody wants the rest.
struct PreviewComplete: Error {}

/// Hands batches on and shows them to the recorder.
private final class RecordingOutput: PluginOutput {
    private let output: any PluginOutput
    private let recorder: Recorder
    private let filePath: String
    /// Time that whoever takes the batches took.
    private(set) var elapsed = Duration.zero

    init(_ output: any PluginOutput, _ recorder: Recorder, filePath: String) {
        self.output = output
        self.recorder = recorder
        self.filePath = filePath
    }

    var isCancelled: Bool { output.isCancelled }

    func write(_ batch: RecordBatch, topic: String) throws {
        let start = ContinuousClock.now
        try output.write(batch, topic: topic)
        elapsed += ContinuousClock.now - start
        do {
            try recorder.add(batch, topic: topic)
        } catch let error as ColumnarError {
            throw SinkError(
                code: .incompatibleColumn, target: topic, message: "topic '\(topic)' of \(filePath): \(error)")
        }
    }

    func reject(_ records: RecordBatch) throws { try output.reject(records) }
    func note(peakBytes: Int64) { output.note(peakBytes: peakBytes) }
    func note(contentHash: ContentHash) { output.note(contentHash: contentHash) }

    func restart() throws {
        try output.restart()
        recorder.reset()
    }
}
