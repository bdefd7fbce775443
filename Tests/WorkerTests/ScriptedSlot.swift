import CasparianPluginRuntime
import Columnar
import Synchronization

/// A plugin that does what a test says.
final class ScriptedSlot: PluginSlot {
    typealias Script = @Sendable (any PluginOutput) throws -> Void
    private let script: Script
    private let ran = Mutex<[PluginInvocation]>([])

    init(_ script: @escaping Script) { self.script = script }

    var invocations: [PluginInvocation] { ran.withLock { $0 } }

    func run(_ invocation: PluginInvocation, output: any PluginOutput) throws {
        ran.withLock { $0.append(invocation) }
        try script(output)
    }

    func cancel() {}
    func shutDown() {}
}

/// `n` from 0, and the topic it goes to.
func numbers(_ count: Int64) throws -> RecordBatch { try RecordBatch(columns: [("n", .int64((0..<count).map { $0 }))]) }
