import CasparianModel

/// Everything a project can set, resolved: flags over environment (`CASPARIAN_*`) over `casparian.yaml` over defaults.
///
/// Paths are absolute. docs/command-line.md lists the keys.
struct ProjectSettings: Sendable {
    /// The state database file.
    var database: String
    /// Where the sentinel listens.
    var bind: String
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
    /// Jobs a worker runs at once.
    var slots: Int
    /// A file must have been left alone for this long before it is read.
    var settle: Duration
    var logLevel: String
    /// `text` or `json`.
    var logFormat: LogFormat
}

/// How log lines are written to standard error.
enum LogFormat: String, CaseIterable, Sendable {
    case text, json
}

/// The keys of `casparian.yaml`.
enum SettingKey: String, CaseIterable {
    case database, bind, roots, ignore, plugins, output, python, slots
    case settleSeconds = "settle_seconds"
    case log, sinks

    static let logLevel = "log.level"
    static let logFormat = "log.format"
    /// Bounds of `slots`.
    static let slotsRange = 1...256
    /// Bounds of `settle_seconds`.
    static let settleSecondsRange = 0.0...86_400.0
}

/// A setting cannot be used.
struct SettingsError: Error, Sendable, CustomStringConvertible {
    /// The file, variable or flag.
    let source: String
    /// The reason and the next step.
    let message: String
    var description: String { "\(source): \(message)" }
}
