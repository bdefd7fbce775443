import CasparianModel

/// Everything a project can set, resolved: flags over environment (`CASPARIAN_*`) over `casparian.yaml` over defaults.
///
/// Paths are absolute. docs/command-line.md lists the keys.
struct ProjectSettings: Sendable, Equatable {
    /// The state database file.
    var database: String
    /// Where the sentinel listens.
    var bind: String
    /// Where the sentinel tells its metrics; nil tells them nobody.
    var metrics: String?
    /// Folders to scan, next to those the database holds.
    var roots: [String]
    /// Patterns of files nobody wants.
    var ignore: [String]
    /// Folder of Python plugins.
    var plugins: String
    /// Root of Parquet output.
    var output: String
    /// Python interpreter for guests; nil looks beside the program, then on PATH.
    var python: String?
    /// Variables of the environment that plugins are given beside the usual ones; a star at either end stands for anything.
    var pluginEnvironment: [String]
    /// Folder of the environments of plugins that name packages; nil is one in the user's folder for caches.
    var environments: String?
    /// Folder of wheels that packages are taken from; nil takes them from an index.
    var wheels: String?
    /// Whether plugins run in a sandbox.
    var sandbox: SandboxSetting
    /// Jobs a worker runs at once.
    var slots: Int
    /// When files count as complete.
    var settle: SettleSettings
    var logLevel: String
    /// `text` or `json`.
    var logFormat: LogFormat
    /// Servers of SQL sinks, by scheme; those that nothing is set for too.
    var servers: [String: ServerSettings]
    /// Where keys for the socket are.
    var keys: KeySettings
}

/// Whether plugins run in a sandbox: where that works, always, or never.
enum SandboxSetting: String, CaseIterable, Sendable {
    case auto, require, off
}

/// How log lines are written to standard error.
enum LogFormat: String, CaseIterable, Sendable {
    case text, json
}

/// The keys of `casparian.yaml`.
enum SettingKey: String, CaseIterable {
    case database, bind, metrics, roots, ignore, plugins, output, python, slots
    case settleSeconds = "settle_seconds"
    case settle, temporary
    case doneMarker = "done_marker"
    case pluginEnvironment = "plugin_environment"
    case environments, wheels, sandbox
    case log, sinks, keys

    static let logLevel = "log.level"
    static let logFormat = "log.format"
    /// Bounds of `slots`.
    static let slotsRange = 1...256
    /// Bounds of `settle_seconds`.
    static let settleSecondsRange = 0.0...86_400.0

    var form: SettingForm {
        switch self {
        case .database, .bind, .metrics, .plugins, .output, .python, .doneMarker, .environments, .wheels, .sandbox:
            .text
        case .roots, .ignore, .pluginEnvironment: .texts
        case .temporary: .textOrTexts
        case .settle: .entries(SettleSettings.Rule.keys)
        case .slots: .integer
        case .settleSeconds: .number
        case .log: .group(["level", "format"])
        case .keys: .group(KeySettings.names)
        case .sinks: .groups(Dictionary(uniqueKeysWithValues: ServerSettings.keys.map { ($0.scheme, $0.keys) }))
        }
    }
}

/// What stands behind a key.
enum SettingForm: Hashable {
    case text, integer, number, texts
    /// One text stands for a list of it.
    case textOrTexts
    /// Keys of its own, each a text.
    case group([String])
    /// Groups by name, each with keys of its own.
    case groups([String: [String]])
    /// A list of groups, each with these keys.
    case entries([String])

    /// For messages.
    var expected: String {
        switch self {
        case .text: "a text"
        case .integer: "a whole number"
        case .number: "a number"
        case .texts: "a list of texts"
        case .textOrTexts: "a text or a list of texts"
        case .group(let keys): "keys: \(keys.joined(separator: ", "))"
        case .entries(let keys): "a list of entries with keys: \(keys.joined(separator: ", "))"
        case .groups(let groups): "keys: \(groups.keys.sorted().joined(separator: ", "))"
        }
    }
}

/// A setting cannot be used.
struct SettingsError: Error, Sendable, CustomStringConvertible {
    /// The file, variable or flag.
    let source: String
    /// The reason and the next step.
    let message: String
    var description: String { "\(source): \(message)" }
}
