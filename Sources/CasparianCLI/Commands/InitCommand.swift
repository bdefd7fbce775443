import ArgumentParser
import Foundation

struct InitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Make a project folder: casparian.yaml, plugins/, output/.",
        discussion: "What is there already stays as it is.\n\nExamples:\n  casparian init\n  casparian init project")

    @Argument(help: "The folder; it is made if it is missing.") var folder = "."

    func run() async throws {
        let root = Paths.absolute(folder)
        let files = FileManager.default
        do {
            for name in ["", "/plugins", "/output"] {
                try files.createDirectory(atPath: root + name, withIntermediateDirectories: true)
            }
            let path = root + "/" + SettingsSources.fileName
            if files.fileExists(atPath: path) {
                Terminal.line("\(path) is there already and stays as it is")
            } else {
                try ExampleConfiguration.text.write(toFile: path, atomically: true, encoding: .utf8)
                Terminal.line("Wrote \(path)")
            }
        } catch {
            throw ExitStatus.unreachable("\(root): cannot be made into a project: \(error.localizedDescription)")
        }
        Terminal.line("Next: put plugins into \(root)/plugins, name folders under 'roots', then: casparian up")
    }
}
