import CasparianModel
import CasparianPluginRuntime
import Columnar
import Synchronization

/// A plugin that does what a test says.
final class ScriptedSlot: PluginSlot {
    typealias Script = @Sendable (any PluginOutput) throws -> Void
    private let script: Script
    /// What the slot says that it read.
    private let hash: ContentHash?
    private let reports: Bool
    private let ran = Mutex<[PluginInvocation]>([])

    /// - Parameters:
    ///   - reports: It promises to tell the hash of what it reads.
    ///   - hash: What it tells; nil for nothing.
    ///   - script: What it does.
    init(reports: Bool = false, hash: ContentHash? = nil, _ script: @escaping Script) {
        self.script = script
        self.hash = hash
        self.reports = reports
    }

    var invocations: [PluginInvocation] { ran.withLock { $0 } }

    func run(_ invocation: PluginInvocation, output: any PluginOutput) throws {
        ran.withLock { $0.append(invocation) }
        try script(output)
        if let hash { output.note(contentHash: hash) }
    }

    func reportsContentHash(of plugin: String) -> Bool { reports }

    func cancel() {}
    func shutDown() {}
}

/// `n` from 0, and the topic it goes to.
func numbers(_ count: Int64) throws -> RecordBatch { try RecordBatch(columns: [("n", .int64((0..<count).map { $0 }))]) }
