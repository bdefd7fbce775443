import Foundation

/// A folder with an input that a plugin is tried on, and what it is to make of it.
struct SampleCase: Hashable, Sendable {
    static let folderName = "samples"
    static let expectedName = "expected.json"
    private static let inputStem = "input"
    private static let parametersName = "parameters.json"

    /// Below the folder of samples: `<plugin>` or `<plugin>/<case>`.
    var name: String
    /// Absolute.
    var folder: String
    var inputName: String

    var input: String { folder + "/" + inputName }
    var expected: String { folder + "/" + Self.expectedName }

    /// The samples of a plugin, by name: `samples/<plugin>` beside it, and each folder in there, that holds a file `input.*`.
    ///
    /// - Parameters:
    ///   - plugin: Its name.
    ///   - plugins: Folder of the plugin's file.
    /// - Throws: `ExitStatus` 64 for a folder with two inputs.
    static func all(of plugin: String, in plugins: String) throws -> [SampleCase] {
        let top = plugins + "/" + folderName + "/" + plugin
        let inner = contents(of: top).filter { Paths.isFolder(top + "/" + $0) }
        return try ([""] + inner).compactMap { name in
            let folder = name.isEmpty ? top : top + "/" + name
            let inputs = contents(of: folder).filter {
                $0 == inputStem || $0.hasPrefix(inputStem + ".") && !Paths.isFolder(folder + "/" + $0)
            }
            guard let input = inputs.first else { return nil }
            guard inputs.count == 1 else {
                throw ExitStatus.misuse("\(folder) has \(inputs.count) inputs: \(inputs.joined(separator: ", "))")
            }
            return SampleCase(name: name.isEmpty ? plugin : plugin + "/" + name, folder: folder, inputName: input)
        }
    }

    /// JSON text of the plugin's parameters for this sample; nil without any.
    ///
    /// - Throws: `ExitStatus` 64 for what is no JSON object.
    func parameters() throws -> String? {
        let path = folder + "/" + Self.parametersName
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        guard (try? JSONSerialization.jsonObject(with: data)) is [String: Any] else {
            throw ExitStatus.misuse("\(path) is no JSON object")
        }
        return String(decoding: data, as: UTF8.self)
    }

    /// Nil if nobody has said yet.
    ///
    /// - Throws: `ExitStatus` 64 for a file that is not of the form.
    func expectedOutput() throws -> SampleOutput? {
        guard let data = FileManager.default.contents(atPath: expected) else { return nil }
        return try SampleOutput(text: data, file: expected)
    }

    private static func contents(of folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { !$0.hasPrefix(".") }.sorted()
    }
}
