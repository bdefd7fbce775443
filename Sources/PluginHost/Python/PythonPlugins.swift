import CasparianModel
import CasparianPluginRuntime
import Foundation

/// The Python plugins of a folder: each `<name>.py` there with a class `Handler` (docs/plugin-guide.md).
public struct PythonPlugins: PluginRuntime {
    /// Where the plugins are and what runs them.
    public struct Options: Hashable, Sendable {
        /// Folder of plugin files.
        public var folder: String
        /// Interpreter: a path, or a name to look up in `PATH`. It needs pyarrow.
        public var python: String
        /// Folder that holds the package `casparian_flow`; nil if the interpreter has it installed.
        public var sdkFolder: String?
        /// What plugins see as their environment, beside what the runtime adds.
        public var environment: GuestEnvironment
        public var limits: GuestLimits

        public init(
            folder: String, python: String = "python3", sdkFolder: String? = nil,
            environment: GuestEnvironment = GuestEnvironment(of: ProcessInfo.processInfo.environment),
            limits: GuestLimits = GuestLimits()
        ) {
            self.folder = folder
            self.python = python
            self.sdkFolder = sdkFolder
            self.environment = environment
            self.limits = limits
        }
    }

    private let options: Options

    public init(_ options: Options) { self.options = options }

    public func discover() async throws -> [PluginDescription] {
        try PythonDiscovery(folder: folder, command: command).run()
    }

    /// Imports no other plugin.
    public func describe(_ name: String) async throws -> PluginDescription? {
        try PythonDiscovery(folder: folder, command: command).run { $0 == name }.first
    }

    /// Names of the plugins that a folder holds, without looking into the files; none if it cannot be read.
    public static func names(in folder: String) -> [String] { fileNames(in: folder) ?? [] }

    /// Sorted; nil if the folder cannot be read.
    static func fileNames(in folder: String) -> [String]? {
        try? FileManager.default.contentsOfDirectory(atPath: folder)
            .filter { $0.hasSuffix(".py") && !$0.hasPrefix("_") && !$0.hasPrefix(".") }
            .map { String($0.dropLast(".py".count)) }.filter { !$0.isEmpty }.sorted()
    }

    public func cleanUp() -> [String] {
        GuestMark.orphans().map { process in
            process.signal(SIGKILL)
            return "process \(process.pid), started by a plugin, was ended"
        }
    }

    public func makeSlot() -> any PluginSlot {
        PythonSlot(folder: folder, command: command, environment: options.environment)
    }

    private var folder: String { URL(fileURLWithPath: options.folder).standardizedFileURL.path }

    private var command: GuestCommand {
        var environment = options.environment.variables
        if let sdk = options.sdkFolder {
            let path = URL(fileURLWithPath: sdk).standardizedFileURL.path
            environment["PYTHONPATH"] = [path, environment["PYTHONPATH"] ?? ""].filter { !$0.isEmpty }
                .joined(separator: ":")
        }
        // A crash in native code then prints the Python lines that led to it.
        environment["PYTHONFAULTHANDLER"] = "1"
        return GuestCommand(
            program: Self.find(options.python, in: environment["PATH"]), arguments: ["-m", "casparian_flow.guest"],
            environment: environment, limits: options.limits)
    }

    private static func find(_ name: String, in path: String?) -> String {
        guard !name.contains("/") else { return URL(fileURLWithPath: name).standardizedFileURL.path }
        let candidates = (path ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":").map { "\($0)/\(name)" }
        return candidates.first { access($0, X_OK) == 0 } ?? name
    }
}
