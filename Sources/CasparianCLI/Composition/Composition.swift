import CasparianCatalog
import CasparianModel
import CasparianPluginRuntime
import CasparianScout
import CasparianSinks
import CasparianTransport
import CasparianWorker
import FileDiscovery
import Foundation
import Logging
import ParquetSink
import PluginHost
import SQLiteCatalog
import ServiceLifecycle

/// The one place that names concrete adapters and puts them together.
enum Composition {
    /// Python plugins of a folder, then the built-in readers: a plugin file wins over a reader of the same name.
    static func runtime(_ settings: ProjectSettings, logger: Logger) throws -> PluginRuntimeGroup {
        var members: [any PluginRuntime] = []
        if Paths.isFolder(settings.plugins) {
            members.append(PythonPlugins(try pluginOptions(settings, isServing: true, logger: logger)))
        }
        members.append(NativeReaders())
        return PluginRuntimeGroup(members)
    }

    /// The Python plugins of a command that ends. What they need is installed first, with a line that tells how far it is.
    static func pythonPlugins(_ settings: ProjectSettings) throws -> PythonPlugins {
        let line = ProgressLine()
        return PythonPlugins(try pluginOptions(settings, isServing: false)) { text in
            line.show(String("Installing packages for \(text)".prefix(100)))
        }
    }

    private static func pluginOptions(
        _ settings: ProjectSettings, isServing: Bool, logger: Logger? = nil
    ) throws -> PythonPlugins.Options {
        let program = PythonLocation.program
        let variables = settings.keys.withoutSecret(ProcessInfo.processInfo.environment)
        return PythonPlugins.Options(
            folder: settings.plugins,
            python: PythonLocation.interpreter(setting: settings.python, program: program),
            sdkFolder: PythonLocation.sdkFolder(program: program),
            environment: GuestEnvironment(of: variables, passing: settings.pluginEnvironment),
            environments: settings.environments ?? PythonPlugins.Options.environmentsByDefault(variables),
            wheels: settings.wheels, buildsLater: isServing, sandbox: try sandbox(settings, logger: logger),
            startsAhead: isServing)
    }

    /// The sandbox that plugins run in; nil where they run without.
    ///
    /// - Throws: `ExitStatus` 69 where there has to be one and cannot.
    private static func sandbox(_ settings: ProjectSettings, logger: Logger?) throws -> PluginSandbox? {
        guard settings.sandbox != .off else { return nil }
        switch findSandbox(settings) {
        case .success(let sandbox): return sandbox
        case .failure(let missing):
            guard settings.sandbox == .auto else {
                throw ExitStatus.unreachable("plugins have to run in a sandbox (sandbox: require): \(missing)")
            }
            logger?.warning("plugins run without a sandbox", metadata: ["reason": "\(missing)"])
            return nil
        }
    }

    static func findSandbox(_ settings: ProjectSettings) -> Result<PluginSandbox, PluginSandboxMissing> {
        let path = ProcessInfo.processInfo.environment["PATH"]
        return PluginSandbox.find(in: path, hiding: settings.keys.secretPlaces)
    }

    /// The runtime of one plugin, found without starting Python: a name says whose it is.
    ///
    /// - Throws: `ExitStatus` 64 for a plugin that is neither in the folder nor built in; it names those that are.
    static func runtime(_ settings: ProjectSettings, for plugin: String) async throws -> any PluginRuntime {
        let files = PythonPlugins.names(in: settings.plugins)
        if files.contains(plugin) { return try pythonPlugins(settings) }
        let readers = NativeReaders()
        let builtIn = try await readers.discover().map(\.name)
        if builtIn.contains(plugin) { return readers }
        let known = files.isEmpty ? "none" : files.joined(separator: ", ")
        throw ExitStatus.misuse(
            "there is no plugin '\(plugin)'. In \(settings.plugins): \(known). Built in: "
                + "\(builtIn.joined(separator: ", ")). --plugins names another folder")
    }

    /// For a run that only looks: every place that rows could go to forgets them.
    static func sinksThatKeepNothing(_ settings: ProjectSettings) throws -> SinkRegistry {
        SinkRegistry(try sinks(settings).schemes.map { NothingKept(scheme: $0) })
    }

    /// The first job id for which no file lies where a run of the plugin writes: nothing is mistaken for its output.
    static func firstFreeJobID(_ settings: ProjectSettings, plugin: String, sinks: [SinkConfig]) throws -> Int64 {
        let registry = try Self.sinks(settings)
        let others = try sinks.flatMap { sink in
            let uri = try SinkURI(sink.uri)
            return try (sink.schemaDefinition == nil ? [uri] : [uri, uri.quarantine]).map(registry.highestJobID)
        }
        let own = ParquetSinkFactory(outputRoot: settings.output).highestJobID(stemPrefix: plugin + "_")
        return others.reduce(own, max) + 1
    }

    /// Runs a service to its end, or until SIGINT or SIGTERM asks it to shut down.
    static func untilDoneOrSignal(_ service: any Service, logger: Logger = Logs.silent) async throws {
        let configuration = ServiceGroupConfiguration(
            services: [.init(service: service, successTerminationBehavior: .gracefullyShutdownGroup)],
            gracefulShutdownSignals: [.sigint, .sigterm], logger: logger)
        try await ServiceGroup(configuration: configuration).run()
    }

    /// Opens the state database, made if it is missing.
    static func catalog(_ settings: ProjectSettings) throws -> any Catalog {
        try SQLiteCatalog(path: settings.database)
    }

    /// What lies beside the state database and is nobody's input.
    static func ownFiles(_ settings: ProjectSettings) -> [String] {
        ["", "-wal", "-shm", "-journal", SentinelLock.suffix].map { settings.database + $0 }
    }

    /// Looks for files as the settings say; the state database is nobody's input.
    static func scout(_ settings: ProjectSettings, catalog: any Catalog, acceptsMissing: Bool = false) throws -> Scout {
        Scout(
            catalog: catalog,
            configuration: Scout.Configuration(
                settling: try settings.settle.policy(), ignore: settings.ignore,
                ownFiles: ownFiles(settings), acceptsMissing: acceptsMissing),
            logger: Logger(label: "casparian.scout"))
    }

    /// A worker that connects to a sentinel.
    ///
    /// - Parameter connect: Opens its socket.
    /// - Throws: What that throws.
    static func worker(
        _ settings: ProjectSettings, connectTimeout: Duration? = nil, logger: Logger,
        connect: (PeerIdentity) throws -> any MessageTransport
    ) throws -> Worker {
        let host = ProcessInfo.processInfo.hostName
        let pid = ProcessInfo.processInfo.processIdentifier
        // The pid alone comes back after a restart of the machine; the random part never does.
        let name = "\(host)-\(pid)-\(String(UInt32.random(in: 0 ... .max), radix: 16))"
        return Worker(
            transport: try connect(PeerIdentity(name)),
            runtime: try runtime(settings, logger: logger),
            runner: runner(try sinks(settings), intents: IntentLog(outputRoot: settings.output)),
            configuration: Worker.Configuration(
                workerID: name, slots: settings.slots, host: host, pid: Int64(pid), version: CasparianCommand.version,
                connectTimeout: connectTimeout, outputRoot: settings.output), logger: logger)
    }

    /// - Parameter intents: Nil where a job has no next attempt.
    static func runner(_ registry: SinkRegistry, intents: IntentLog? = nil) -> JobRunner {
        JobRunner(registry: registry, intents: intents) { try FileHasher.hash(path: $0) }
    }
}

extension ProjectOptions {
    /// Opens the state database, made if it is missing.
    func openCatalog() async throws -> SQLiteCatalog {
        try SQLiteCatalog(path: try await ProjectSettings.resolve(self).database)
    }

    /// Opens the state database for a command that only makes sense where there is one.
    func openExistingCatalog() async throws -> SQLiteCatalog {
        let path = try await ProjectSettings.resolve(self).database
        guard FileManager.default.fileExists(atPath: path) else {
            throw ExitStatus.unreachable(
                "\(path): there is no state database yet; `casparian scan FOLDER` or `casparian up` makes one, "
                    + "--database names another")
        }
        return try SQLiteCatalog(path: path)
    }
}

/// The wall clock.
enum Clock {
    static func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(seconds: time.tv_sec, nanoseconds: time.tv_nsec)
    }
}
