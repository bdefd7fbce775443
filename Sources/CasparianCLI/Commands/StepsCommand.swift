import ArgumentParser
import CasparianWorker
import ParquetSink

/// For crash tests: every step at which a process may die between a plugin's first rows and the receipt.
struct StepsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "steps",
        abstract: "List the steps of a job's output, for crash tests.",
        discussion: """
            A debug build that is started with CASPARIAN_KILL_AT=STEP, or STEP:N for the Nth time, ends there as if it
            had been killed.
            """,
        shouldDisplay: false)

    @OptionGroup var project: ProjectOptions
    @OptionGroup var listing: ListingOptions

    func run() async throws {
        let settings = try await ProjectSettings.resolve(project)
        let sinks = try Composition.sinks(settings).steps
        let partitions = ParquetSinkFactory(outputRoot: settings.output).partitionSteps
        let steps = [("job", JobStep.names), ("parquet?partition", partitions)] + sinks.map { ($0.scheme, $0.steps) }
        let rows = steps.flatMap { scheme, names in names.map { (scheme: scheme, step: $0) } }
        Listing<(scheme: String, step: String)>(
            columns: [Column("scheme") { .text($0.scheme) }, Column("step") { .text($0.step) }],
            whenEmpty: "No sink has steps."
        ).print(rows, json: listing.json)
    }
}
