import ArgumentParser
import CasparianPluginRuntime
import Foundation
import Synchronization

struct TestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Try a plugin on its samples and compare what it makes with what is expected.",
        discussion: """
            Samples lie beside the plugin, in samples/<plugin>/ or in folders in there: input.* is the file, expected.json \
            what the plugin makes of it (columns, types and rows of each topic, or its error), parameters.json its \
            parameters, if it takes any.

            Examples:
              casparian test sales                    of the plugins folder
              casparian test plugins/sales.py
              casparian test sales --update           take what it makes now for what is expected; look at the diff
            """)

    @OptionGroup var project: ProjectOptions
    @OptionGroup var listing: ListingOptions
    @Argument(help: "The plugin's name, or its file.") var plugin: String
    @Option(help: "Folder of Python plugins. Default: plugins.") var plugins: String?
    @Option(help: "Python interpreter for plugins; it needs pyarrow.") var python: String?
    @Flag(help: "Write expected.json anew where it differs or is missing.") var update = false

    /// Rows of a topic that a sample may have: all of them are held, and compared.
    private static let rowsMax = 100_000

    func run() async throws {
        let named = PluginArgument(plugin)
        var settings = try await ProjectSettings.resolve(
            project, overrides: SettingsOverrides(plugins: named.folder ?? plugins, python: python))
        settings.slots = min(settings.slots, max(ProcessInfo.processInfo.activeProcessorCount, 1))
        let runtime = try await Composition.runtime(settings, for: named.name)
        let samples = try SampleCase.all(of: named.name, in: settings.plugins)
        guard !samples.isEmpty else {
            throw ExitStatus.misuse(
                "there are no samples of '\(named.name)'; put a file into "
                    + "\(settings.plugins)/\(SampleCase.folderName)/\(named.name)/ as input.csv, or whatever it reads")
        }
        let results = try await results(of: samples, named.name, settings, runtime)
        var failed = 0
        for (sample, result) in zip(samples, results) {
            let verdict = try SampleVerdict(sample, result, updates: update)
            if verdict.outcome == .failed || verdict.outcome == .new { failed += 1 }
            if listing.json { Terminal.line(verdict.json) } else { verdict.lines.forEach(Terminal.line) }
        }
        if !listing.json {
            Terminal.line("\(Format.count(samples.count, "sample")), \(failed == 0 ? "none" : "\(failed)") failed")
        }
        if failed > 0 { throw ExitStatus.failed() }
    }

    /// In the order of the samples.
    private func results(
        of samples: [SampleCase], _ plugin: String, _ settings: ProjectSettings, _ runtime: any PluginRuntime
    ) async throws -> [LocalJobResult] {
        var jobs: [LocalJob] = []
        for sample in samples {
            jobs += try RunPlan(
                plugin: plugin, files: [sample.input], sinks: [], parameters: try sample.parameters(),
                firstID: Int64(jobs.count + 1)
            ).jobs
        }
        let found = Mutex<[Int: LocalJobResult]>([:])
        let run = LocalRun(
            jobs: jobs, runner: Composition.runner(try Composition.sinksThatKeepNothing(settings)),
            options: LocalRun.Options(slots: settings.slots, previewRows: Self.rowsMax + 1, stopsWhenFull: true),
            makeSlot: { runtime.makeSlot() }, onProgress: { _, _ in },
            onResult: { index, result in found.withLock { $0[index] = result } })
        try await Composition.untilDoneOrSignal(run)
        if run.wasStopped { throw ExitStatus.failed("stopped by a signal") }
        let results = found.withLock { found in samples.indices.compactMap { found[$0] } }
        if let long = zip(samples, results).first(where: { $0.1.isCutShort })?.0 {
            throw ExitStatus.misuse("\(long.input) makes more than \(Self.rowsMax) rows; a sample is smaller")
        }
        return results
    }
}

/// A plugin as a person names it on the command line: by its name, or by its file.
struct PluginArgument: Hashable, Sendable {
    var name: String
    /// Of the file; nil for a name.
    var folder: String?

    init(_ text: String) {
        guard text.hasSuffix(".py") else {
            name = text
            return
        }
        let path = Paths.absolute(text)
        name = String(path.split(separator: "/").last?.dropLast(".py".count) ?? "")
        folder = Paths.parent(of: path)
    }
}
