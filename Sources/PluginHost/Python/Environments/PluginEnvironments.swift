import Foundation

/// The environments that plugins with a script block run in: one for each block, built once and kept.
struct PluginEnvironments: Hashable, Sendable {
    /// Absolute; each environment is a folder in it, named by the hash of what it was made for.
    var folder: String
    /// Absolute; a folder of wheels that packages are taken from instead of an index.
    var wheels: String?
    /// The interpreter that builds them, and whose version they have unless a block wants another.
    var interpreter: String
    /// Folder that holds the package `casparian_flow`; nil if the interpreter has it installed.
    var sdkFolder: String?
    /// What the builder sees as its environment.
    var variables: [String: String]

    /// The program that runs a block's plugins; nil if its environment is not built yet.
    func interpreter(for block: ScriptBlock) -> String? {
        let folder = place(of: block)
        guard FileManager.default.fileExists(atPath: folder + "/" + Self.record) else { return nil }
        let program = folder + "/bin/python"
        return access(program, X_OK) == 0 ? program : nil
    }

    /// Written last: what was installed.
    static let record = "casparian.json"

    func place(of block: ScriptBlock) -> String {
        folder + "/" + block.key([interpreter, wheels ?? ""]).prefix(32)
    }

    /// Builds a block's environment, or waits for another process that does.
    ///
    /// - Parameters:
    ///   - stop: Ends it before its time.
    ///   - onProgress: Gets a line for each step.
    /// - Returns: The program that runs its plugins.
    /// - Throws: `EnvironmentError`.
    func build(
        _ block: ScriptBlock, stop: BuildStop, onProgress: (String) -> Void
    ) throws(EnvironmentError) -> String {
        if let interpreter = interpreter(for: block) { return interpreter }
        var arguments = ["-m", "casparian_flow.environments", "--folder", place(of: block)]
        if let wheels { arguments += ["--wheels", wheels] }
        if sdkFolder == nil { arguments.append("--copy-sdk") }
        return try EnvironmentBuild(
            program: interpreter, arguments: arguments, variables: variables, block: block, stop: stop
        ).run(onProgress)
    }
}

/// An environment could not be built.
struct EnvironmentError: Error, Hashable, CustomStringConvertible {
    /// What the builder said.
    let reason: String
    var description: String { "the packages that it needs cannot be installed: \(reason)" }
}
