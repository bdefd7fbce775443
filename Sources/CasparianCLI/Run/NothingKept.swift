import CasparianModel
import CasparianSinks
import Columnar

/// Opens sinks that keep nothing, for a run that only looks.
struct NothingKept: SinkFactory {
    let scheme: String

    func open(_ request: SinkRequest) throws -> any Sink { ForgetfulSink() }
    func removeLeftovers() throws -> [String] { [] }
}

private final class ForgetfulSink: Sink {
    func write(_ batch: RecordBatch) throws {}
    func reset() throws {}
    func prepare() throws {}
    func commit() throws -> Artifact? { nil }
    func discard() {}
}
