import Foundation

/// A file of a plugins folder that is a plugin: `<name>.py`, or an executable `<name>.plugin`.
struct PluginFile: Hashable, Sendable {
    let name: String
    /// Absolute.
    let path: String
    /// It speaks the guest protocol by itself.
    let isProgram: Bool

    private static let python = ".py"
    private static let program = ".plugin"

    /// Sorted by name; nil if the folder cannot be read. Of two with one name the Python file counts.
    static func list(in folder: String) -> [PluginFile]? {
        guard let entries = try? FileManager.default.contentsOfDirectory(atPath: folder) else { return nil }
        var found: [String: PluginFile] = [:]
        for entry in entries where !entry.hasPrefix("_") && !entry.hasPrefix(".") {
            let path = "\(folder)/\(entry)"
            if let name = stem(entry, python) {
                found[name] = PluginFile(name: name, path: path, isProgram: false)
            } else if let name = stem(entry, program), found[name] == nil, access(path, X_OK) == 0 {
                found[name] = PluginFile(name: name, path: path, isProgram: true)
            }
        }
        return found.values.sorted { $0.name < $1.name }
    }

    private static func stem(_ entry: String, _ ending: String) -> String? {
        entry.hasSuffix(ending) && entry.count > ending.count ? String(entry.dropLast(ending.count)) : nil
    }
}

/// What runs a version of a plugin.
struct PluginLaunch: Hashable, Sendable {
    /// The Python program that has what the plugin needs, or the plugin itself.
    var program: String
    /// Of a plugin that is a program: the state of its file when it was looked at.
    var mark: FileMark?
    /// A copy of the program, for when another file lies in its place.
    var copy: String?

    /// - Throws: `StaleProgram` when neither the program nor its copy is there any more.
    func path() throws(StaleProgram) -> String {
        guard let mark, FileMark(path: program) != mark else { return program }
        guard let copy, access(copy, X_OK) == 0 else { throw StaleProgram(path: program) }
        return copy
    }

    /// A Python program.
    static func python(_ program: String) -> PluginLaunch { PluginLaunch(program: program) }

    var isProgram: Bool { mark != nil }
}

/// A plugin's program is another one by now than the version that was to be started.
struct StaleProgram: Error, Hashable, CustomStringConvertible {
    let path: String
    var description: String { "\(path) changed a moment ago, and its new version has not been looked at yet" }
}
