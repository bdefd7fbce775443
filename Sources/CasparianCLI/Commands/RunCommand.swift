import ArgumentParser
import CasparianModel
import CasparianPluginRuntime
import CasparianSinks
import Foundation
import Logging
import PluginHost
import ServiceLifecycle

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run a plugin on files here and now: no daemon, no state but a note in the cache.",
        discussion: """
            PLUGIN is the name of a file <name>.py of the plugins folder, that file, or a built-in reader: csv, jsonl, lines, parquet. \
            Job ids count from 1, or from the first that no file in the output has yet.

            Examples:
              casparian run csv sales.csv --preview 5
              casparian run csv *.csv --output tables
              casparian run csv big.csv --preview 20 --stop
              casparian run csv old.csv --parameters '{"delimiter": ";"}'
              casparian run plugins/my_plugin.py a.log --preview 5
              casparian run my_plugin a.log --sink parquet://logs/a.parquet
              casparian run csv sales.csv --schema sales.json --preview 5
            """)

    @OptionGroup var project: ProjectOptions
    @OptionGroup var listing: ListingOptions
    @Argument(help: "The plugin's name, or its file.") var plugin: String
    @Argument(help: "Files to read.") var files: [String]
    @Option(help: "Folder of Python plugins. Default: plugins.") var plugins: String?
    @Option(help: "Folder that Parquet files are written to. Default: output.") var output: String?
    @Option(help: ArgumentHelp("Where topic 'output' is written, or TOPIC=URI.", valueName: "uri"))
    var sink: [String] = []
    @Option(help: ArgumentHelp("Contract for topic 'output' (JSON), or TOPIC=FILE.", valueName: "file"))
    var schema: [String] = []
    @Option(help: "Show the columns and the first rows; writes nothing unless --output or --sink is given.")
    var preview: Int?
    @Flag(help: "With --preview: do not read on when it is full.") var stop = false
    @Option(help: "The plugin's parameters, a JSON object.") var parameters: String?
    @Option(help: "Files at once.") var slots: Int?
    @Option(help: "Python interpreter for plugins; it needs pyarrow.") var python: String?
    @Option(help: "The first file's job id.") var jobID: Int64?

    /// What columns are otherwise than in the last such run.
    private func tellChanges(_ console: RunConsole, _ plugin: String, _ settings: ProjectSettings) {
        guard let previews = console.firstPreviews else { return }
        let variables = ProcessInfo.processInfo.environment
        let cache = settings.environments ?? PythonPlugins.Options.environmentsByDefault(variables)
        let history = SchemaHistory(
            folder: Paths.parent(of: cache) + "/runs", plugin: plugin, plugins: settings.plugins)
        let schemas = SchemaHistory.schemas(previews)
        if let last = history.last {
            let changes = SchemaHistory.changes(from: last, to: schemas)
            if !changes.isEmpty {
                Terminal.line("Columns that are otherwise than in the last run:")
                changes.forEach { Terminal.line("  " + $0) }
            }
        }
        history.save(schemas)
    }

    /// Bounds of `--preview`.
    static let previewRange = 1...10_000

    func validate() throws {
        if let preview, !Self.previewRange.contains(preview) {
            throw ValidationError("--preview takes 1 to \(Self.previewRange.upperBound) rows")
        }
        if stop, preview == nil || writes { throw ValidationError("--stop goes with --preview, and writes nothing") }
        if let jobID, jobID < 1 { throw ValidationError("job ids count from 1") }
    }

    /// True if the rows are to be kept.
    private var writes: Bool { preview == nil || output != nil || !sink.isEmpty }

    func run() async throws {
        if let parameters { try PluginsCommand.check(parameters: parameters) }
        let named = PluginArgument(plugin)
        let plugin = named.name
        let settings = try await ProjectSettings.resolve(
            project,
            overrides: SettingsOverrides(
                plugins: named.folder ?? plugins, output: output, python: python, slots: slots))
        let runtime = try await Composition.runtime(settings, for: plugin)
        let sinks = try RunPlan.sinks(sink, contracts: schema, plugin: plugin)
        let firstID = try jobID ?? (writes ? Composition.firstFreeJobID(settings, plugin: plugin, sinks: sinks) : 1)
        // Kept with the rows; a plugin that cannot be loaded says so when it runs.
        let version = writes ? try await runtime.describe(plugin)?.manifest.version : nil
        let plan = try RunPlan(
            plugin: plugin, version: version, files: files, sinks: sinks, parameters: parameters, firstID: firstID)
        let registry = try writes ? Composition.sinks(settings) : Composition.sinksThatKeepNothing(settings)
        let console = RunConsole(total: plan.jobs.count, isJSON: listing.json, isPreviewOnly: !writes)
        let run = LocalRun(
            jobs: plan.jobs, runner: Composition.runner(registry),
            options: LocalRun.Options(slots: settings.slots, previewRows: preview ?? 0, stopsWhenFull: stop),
            makeSlot: { runtime.makeSlot() }, onProgress: { console.progress($0, rows: $1) },
            onResult: { console.finished($0, $1) })
        let start = ContinuousClock.now
        try await Composition.untilDoneOrSignal(run)
        console.summarize(elapsed: ContinuousClock.now - start)
        if preview != nil, !stop, !listing.json { tellChanges(console, plugin, settings) }
        if run.wasStopped { throw ExitStatus.failed("stopped by a signal; what was not finished left nothing behind") }
        if console.failed > 0 { throw ExitStatus.failed() }
    }
}
