import ArgumentParser
import Foundation

struct NewCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new", abstract: "Write a starting point.",
        discussion: "Example:\n  casparian new plugin sales", subcommands: [Plugin.self])

    struct Plugin: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write a plugin with a sample.",
            discussion: """
                Examples:
                  casparian new plugin sales
                  casparian new plugin access_log --pattern '**/access*.log'
                """)
        @OptionGroup var project: ProjectOptions
        @Argument(help: "The plugin's name: letters, digits and underscores.") var name: String
        @Option(help: "Pattern of its files. Default: '*.NAME'.") var pattern: String?
        @Option(help: "Folder of Python plugins. Default: plugins.") var plugins: String?

        func validate() throws {
            guard name.wholeMatch(of: /[A-Za-z][A-Za-z0-9_]*/) != nil else {
                throw ValidationError("'\(name)' is no name; it takes letters, digits and underscores, a letter first")
            }
        }

        func run() async throws {
            let settings = try await ProjectSettings.resolve(project, overrides: SettingsOverrides(plugins: plugins))
            let start = PluginStart(name: name, pattern: pattern ?? "*.\(name)")
            let folder = settings.plugins
            let sample = "\(folder)/\(SampleCase.folderName)/\(name)/first"
            let files = [
                ("\(folder)/\(name).py", start.source), ("\(sample)/input.txt", start.input),
                ("\(sample)/\(SampleCase.expectedName)", start.expected),
            ]
            for (path, _) in files where FileManager.default.fileExists(atPath: path) {
                throw ExitStatus.misuse("\(path) is there already and stays as it is; choose another name")
            }
            do {
                try FileManager.default.createDirectory(atPath: sample, withIntermediateDirectories: true)
                for (path, text) in files {
                    try text.write(toFile: path, atomically: true, encoding: .utf8)
                    Terminal.line("Wrote \(path)")
                }
            } catch {
                throw ExitStatus.unreachable("\(folder): cannot be written: \(error.localizedDescription)")
            }
            Terminal.line("Next: casparian test \(name), then change both, and: casparian run \(name) FILE --preview 5")
        }
    }
}

/// The text of a new plugin, and a sample that it passes.
struct PluginStart {
    var name: String
    var pattern: String

    var source: String {
        """
        \"\"\"What these files are, and where they come from.\"\"\"
        from casparian_flow.sdk import BasePlugin, FileEvent, PluginMetadata

        MANIFEST = PluginMetadata(pattern=\(Self.python(pattern)), topic=\(Self.python(name)), version="1.0.0")
        ROWS_A_BATCH = 10_000


        class Handler(BasePlugin):
            def consume(self, event: FileEvent):
                rows = []
                with open(event.path, encoding="utf-8") as file:
                    for number, line in enumerate(file, start=1):
                        rows.append({"line": number, "text": line.rstrip("\\n")})
                        # A part at a time: files may be larger than memory.
                        if len(rows) == ROWS_A_BATCH:
                            yield rows
                            rows = []
                yield rows

        """
    }

    var input: String { "first\nsecond\n" }

    var expected: String {
        let columns = [("line", "int64"), ("text", "string")]
        return SampleOutput(tables: [
            "output": SampleOutput.Table(
                columns: columns.map { SampleOutput.Table.Column(name: $0, type: $1) },
                rows: [["1", "first"], ["2", "second"]])
        ]).text
    }

    /// A Python literal.
    private static func python(_ text: String) -> String {
        "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
}
