import CasparianModel
import CasparianSinks
import Columnar
import Synchronization

/// Sinks at `faulty://<place>` that keep rows in memory and fail at a step, as often as a test says.
final class FaultySinks: SinkFactory {
    enum Step: Hashable, CaseIterable { case open, write, prepare, commit }
    struct Fault: Error, CustomStringConvertible {
        let step: Step
        var description: String { "the sink fails at \(step)" }
    }

    let scheme = "faulty"
    let tables = MemoryTables()
    private let memory: MemorySinkFactory
    private let faults = Mutex<[Step: Int]>([:])
    private let seen = Mutex<Set<Step>>([])

    init() { memory = MemorySinkFactory(tables: tables) }

    func fail(at step: Step, times: Int = 1) { faults.withLock { $0[step] = times } }

    /// Steps that a sink came to.
    var passed: Set<Step> { seen.withLock { $0 } }

    func pass(_ step: Step) throws {
        seen.withLock { _ = $0.insert(step) }
        let fails = faults.withLock { faults in
            guard let left = faults[step], left > 0 else { return false }
            faults[step] = left - 1
            return true
        }
        if fails { throw Fault(step: step) }
    }

    func open(_ request: SinkRequest) throws -> any Sink {
        try pass(.open)
        return FaultySink(inner: try memory.open(request), faults: self)
    }

    func removeLeftovers() throws -> [String] { [] }
}

private final class FaultySink: Sink {
    private let inner: any Sink
    private let faults: FaultySinks

    init(inner: any Sink, faults: FaultySinks) {
        self.inner = inner
        self.faults = faults
    }

    func write(_ batch: RecordBatch) throws {
        try faults.pass(.write)
        try inner.write(batch)
    }
    func reset() throws { try inner.reset() }
    func prepare() throws {
        try faults.pass(.prepare)
        try inner.prepare()
    }
    func commit() throws -> Artifact? {
        try faults.pass(.commit)
        return try inner.commit()
    }
    func discard() { inner.discard() }
}
