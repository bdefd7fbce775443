import CasparianModel
import CasparianPluginRuntime
import Foundation

/// The plugins of a folder: each `<name>.py` there with a class `Handler` (docs/plugin-guide.md), and each executable
/// `<name>.plugin` that speaks the guest protocol.
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
        /// Folder of the environments of plugins with a `# /// script` block.
        public var environments: String
        /// Folder of wheels that packages are taken from; nil takes them from an index.
        public var wheels: String?
        /// Environments that are missing are built beside the work (`changes` tells) instead of before it.
        public var buildsLater: Bool
        /// Nil lets guests do what this process may do.
        public var sandbox: PluginSandbox?
        /// Guests are started, and load their plugins, before the first job asks for them.
        public var startsAhead: Bool
        public var limits: GuestLimits

        public init(
            folder: String, python: String = "python3", sdkFolder: String? = nil,
            environment: GuestEnvironment = GuestEnvironment(of: ProcessInfo.processInfo.environment),
            environments: String = Options.environmentsByDefault(ProcessInfo.processInfo.environment),
            wheels: String? = nil, buildsLater: Bool = false, sandbox: PluginSandbox? = nil, startsAhead: Bool = false,
            limits: GuestLimits = GuestLimits()
        ) {
            self.sandbox = sandbox
            self.startsAhead = startsAhead
            self.environments = environments
            self.wheels = wheels
            self.buildsLater = buildsLater
            self.folder = folder
            self.python = python
            self.sdkFolder = sdkFolder
            self.environment = environment
            self.limits = limits
        }

        /// `casparian/environments` in the user's folder for caches.
        public static func environmentsByDefault(_ variables: [String: String]) -> String {
            let cache = variables["XDG_CACHE_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
            return (cache ?? (variables["HOME"] ?? "/var/tmp") + "/.cache") + "/casparian/environments"
        }
    }

    private let options: Options
    private let folder: PluginFolder
    private let onProgress: @Sendable (String) -> Void

    /// - Parameters:
    ///   - options: Where they are and what runs them.
    ///   - onProgress: Gets a line for each step of an environment that is built before the work.
    public init(_ options: Options, onProgress: @escaping @Sendable (String) -> Void = { _ in }) {
        self.options = options
        self.onProgress = onProgress
        let command = Self.command(options)
        folder = PluginFolder(
            path: Self.absolute(options.folder), command: command,
            environments: PluginEnvironments(
                folder: Self.absolute(options.environments), wheels: options.wheels.map(Self.absolute),
                interpreter: command.program, sdkFolder: options.sdkFolder.map(Self.absolute),
                variables: options.environment.forBuilding.merging(
                    command.environment.filter { $0.key == "PYTHONPATH" }
                ) { $1 }),
            shelf: PluginShelf())
    }

    public func discover() async throws -> [PluginDescription] {
        try folder.read(options.buildsLater ? .later : .now, onProgress: onProgress)
    }

    /// Imports no other plugin.
    public func describe(_ name: String) async throws -> PluginDescription? {
        try folder.read(options.buildsLater ? .later : .now, only: name, onProgress: onProgress).first
    }

    public func changes() -> AsyncStream<[PluginDescription]> { FolderWatcher.changes(of: folder) }

    /// Names of the plugins that a folder holds, without looking into the files; none if it cannot be read.
    public static func names(in folder: String) -> [String] { (PluginFile.list(in: folder) ?? []).map(\.name) }

    public func cleanUp() -> [String] {
        GuestMark.orphans().map { process in
            process.signal(SIGKILL)
            return "process \(process.pid), started by a plugin, was ended"
        } + Scratch.sweep(Scratch.folder(options.environment.variables)).map { "folder \($0) of a plugin was removed" }
    }

    public func makeSlot() -> any PluginSlot {
        PythonSlot(
            folder, path: Self.absolute(options.folder), command: Self.command(options),
            environment: options.environment, startsAhead: options.startsAhead, onProgress: onProgress)
    }

    private static func absolute(_ path: String) -> String { URL(fileURLWithPath: path).standardizedFileURL.path }

    private static func command(_ options: Options) -> GuestCommand {
        var environment = options.environment.variables
        if let sdk = options.sdkFolder {
            let path = absolute(sdk)
            environment["PYTHONPATH"] = [path, environment["PYTHONPATH"] ?? ""].filter { !$0.isEmpty }
                .joined(separator: ":")
        }
        // A crash in native code then prints the Python lines that led to it.
        environment["PYTHONFAULTHANDLER"] = "1"
        return GuestCommand(
            program: find(options.python, in: environment["PATH"]), arguments: ["-m", "casparian_flow.guest"],
            environment: environment, limits: options.limits,
            sdkFolder: options.sdkFolder.map(absolute), sandbox: options.sandbox?.sandbox)
    }

    private static func find(_ name: String, in path: String?) -> String {
        guard !name.contains("/") else { return URL(fileURLWithPath: name).standardizedFileURL.path }
        return ProgramPath.find(name, in: path) ?? name
    }
}
