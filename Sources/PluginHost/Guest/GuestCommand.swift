/// How to start a guest: a program that speaks the guest protocol (docs/guest-protocol.md) on descriptor 3.
struct GuestCommand: Hashable, Sendable {
    /// Absolute path of the program.
    var program: String
    /// Without the program's own name.
    var arguments: [String]
    var environment: [String: String]
    var limits = GuestLimits()
    /// Folder that holds the package `casparian_flow`, where the interpreter does not have it.
    var sdkFolder: String?
    /// Nil runs it as the worker itself runs.
    var sandbox: Sandbox?
    /// Whether a sandbox lets it use the network.
    var allowsNetwork = false

    /// The same with another Python, or with a plugin that is a program. What leads to the packages of this Python is left
    /// out.
    ///
    /// - Throws: `StaleProgram`.
    func running(_ launch: PluginLaunch) throws(StaleProgram) -> GuestCommand {
        guard launch.program != program else { return self }
        var other = self
        other.program = try launch.path()
        if launch.isProgram { other.arguments = [] }
        for name in ["VIRTUAL_ENV", "PYTHONHOME", "CONDA_PREFIX"] { other.environment[name] = nil }
        other.environment["PYTHONPATH"] = launch.isProgram ? nil : sdkFolder
        return other
    }
}
