import CasparianModel
import CasparianPluginRuntime
import CasparianSinks
import ContractInference
import Foundation
import PluginHost
import Synchronization

/// Runs a plugin on files to see what columns it makes; writes nothing.
struct ContractObserver {
    let settings: ProjectSettings
    let plugin: String
    let files: [String]
    let parameters: String?

    /// Built-in readers find types out by themselves; they are asked for texts, so that nothing is found out twice.
    private static let readers: Set<String> = ["csv", "jsonl"]

    func observe() async throws -> Observation {
        let runtime = try await Composition.runtime(settings, for: plugin)
        var sinks: [SinkConfig] = []
        if Self.readers.contains(plugin), !PythonPlugins.names(in: settings.plugins).contains(plugin) {
            let names = try await run(runtime, sinks: []).findings
            sinks = try names.map { topic, columns in
                let texts = columns.filter { !($0.madeAs ?? "").contains("<") }
                let contract = Contract(columns: texts.map { Contract.Column(name: $0.name, type: .string) })
                var sink = SinkConfig.fallback(plugin: plugin, topic: topic)
                sink.schemaDefinition = String(decoding: try JSONEncoder().encode(contract), as: UTF8.self)
                return sink
            }
        }
        return try await run(runtime, sinks: sinks)
    }

    private func run(_ runtime: any PluginRuntime, sinks: [SinkConfig]) async throws -> Observation {
        let observation = Observation()
        let registry = SinkRegistry(
            try Composition.sinks(settings).schemes.map { ObservingSinks(scheme: $0, observation: observation) })
        let plan = try RunPlan(plugin: plugin, files: files, sinks: sinks, parameters: parameters, firstID: 1)
        let line = ProgressLine()
        let errors = Mutex<[String]>([])
        let run = LocalRun(
            jobs: plan.jobs, runner: Composition.runner(registry),
            // One file after another: rows are numbered within theirs.
            options: LocalRun.Options(slots: 1, previewRows: 0, stopsWhenFull: false),
            makeSlot: { runtime.makeSlot() },
            onProgress: { index, rows in
                line.show("file \(index + 1) of \(plan.jobs.count), \(Format.count(Int(rows), "row"))")
            },
            onResult: { _, result in
                guard let error = result.receipt.errorMessage else { return }
                errors.withLock { $0.append("\(result.job.order.filePath): \(error)") }
            })
        try await Composition.untilDoneOrSignal(run)
        line.clear()
        if run.wasStopped { throw ExitStatus.failed("stopped by a signal") }
        if let error = errors.withLock(\.first) { throw ExitStatus.failed(error) }
        return observation
    }
}
