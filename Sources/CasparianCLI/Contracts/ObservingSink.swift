import CasparianModel
import CasparianSinks
import Columnar
import ContractInference
import Synchronization

/// Takes what plugins make for who observes it, and keeps nothing.
struct ObservingSinks: SinkFactory {
    let scheme: String
    let observation: Observation

    func open(_ request: SinkRequest) throws -> any Sink { ObservingSink(request, observation) }
    func removeLeftovers() throws -> [String] { [] }
}

/// What was observed of each topic.
final class Observation: Sendable {
    private struct State {
        var topics: [String: Observed] = [:]
    }

    private struct Observed {
        var observer = TopicObserver()
        var job: JobID?
    }

    private let state = Mutex(State())

    func add(_ batch: RecordBatch, topic: String, job: JobID, file: String) throws(ColumnarError) {
        let result = state.withLock { state -> Result<Void, ColumnarError> in
            var observed = state.topics[topic] ?? Observed()
            if observed.job != job { observed.observer.beginFile() }
            observed.job = job
            state.topics[topic] = observed
            return Result { () throws(ColumnarError) in try observed.observer.add(batch, file: file) }
        }
        try result.get()
    }

    /// Topics by name, with what is known of their columns.
    var findings: [(topic: String, columns: [ColumnFinding])] {
        state.withLock { state in
            state.topics.sorted { $0.key < $1.key }.map { ($0.key, $0.value.observer.findings) }
        }
    }

    /// Nil for a topic without rows.
    func proposal(topic: String, name: String, isStrict: Bool) -> Contract? {
        state.withLock { $0.topics[topic]?.observer.proposal(name: name, isStrict: isStrict) }
    }
}

private final class ObservingSink: Sink {
    private let request: SinkRequest
    private let observation: Observation

    init(_ request: SinkRequest, _ observation: Observation) {
        self.request = request
        self.observation = observation
    }

    func write(_ batch: RecordBatch) throws {
        let file = request.filePath.split(separator: "/").last.map(String.init) ?? request.filePath
        try observation.add(batch, topic: request.topic, job: request.jobID, file: file)
    }

    func reset() throws {}
    func prepare() throws {}
    func commit() throws -> Artifact? { nil }
    func discard() {}
}
