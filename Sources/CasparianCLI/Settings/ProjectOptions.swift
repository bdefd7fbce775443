import ArgumentParser
import CasparianModel

/// The flags that every command shares.
struct ProjectOptions: ParsableArguments {
    @Option(help: "Configuration file. Default: casparian.yaml in the working folder, if there is one.")
    var config: String?

    @Option(help: "State database. Default: casparian_flow.sqlite3.")
    var database: String?

    @Option(help: "Least severe log level to write: trace, debug, info, notice, warning, error.")
    var logLevel: String?

    @Option(help: "Form of log lines on standard error: text or json.")
    var logFormat: LogFormat?
}

extension LogFormat: ExpressibleByArgument {}

/// Flags of one command that stand above every other source.
struct SettingsOverrides {
    var bind: String?
    var plugins: String?
    var output: String?
    var python: String?
    var slots: Int?
}

extension ProjectSettings {
    static let logLevels = ["trace", "debug", "info", "notice", "warning", "error", "critical"]

    /// Resolves the settings of one command.
    ///
    /// - Throws: `SettingsError` that names the source and the key.
    static func resolve(
        _ options: ProjectOptions, overrides: SettingsOverrides = SettingsOverrides()
    ) async throws -> ProjectSettings {
        let sources = try await SettingsSources.load(file: options.config)
        func path(_ flag: String?, _ key: SettingKey, _ fallback: String) throws -> String {
            if let flag { return Paths.absolute(flag) }
            return Paths.absolute(try sources.text(key.rawValue) ?? fallback, from: sources.folder)
        }
        let slots = try overrides.slots ?? sources.integer(SettingKey.slots.rawValue) ?? 2
        guard SettingKey.slotsRange.contains(slots) else {
            throw SettingsError(source: "slots", message: "must be from 1 to \(SettingKey.slotsRange.upperBound)")
        }
        let settle = try sources.number(SettingKey.settleSeconds.rawValue) ?? 0
        guard SettingKey.settleSecondsRange.contains(settle) else {
            throw SettingsError(source: "settle_seconds", message: "must be from 0 to 86400")
        }
        let level = try options.logLevel ?? sources.text(SettingKey.logLevel) ?? "info"
        guard logLevels.contains(level) else {
            throw SettingsError(
                source: "log.level", message: "'\(level)' is none of \(logLevels.joined(separator: ", "))")
        }
        let formatText = try options.logFormat?.rawValue ?? sources.text(SettingKey.logFormat) ?? "text"
        guard let format = LogFormat(rawValue: formatText) else {
            throw SettingsError(source: "log.format", message: "'\(formatText)' is neither text nor json")
        }
        return ProjectSettings(
            database: try path(options.database, .database, "casparian_flow.sqlite3"),
            bind: try overrides.bind ?? sources.text(SettingKey.bind.rawValue) ?? "tcp://127.0.0.1:5555",
            roots: (try sources.texts(SettingKey.roots.rawValue) ?? []).map {
                Paths.absolute($0, from: sources.folder)
            },
            ignore: try sources.texts(SettingKey.ignore.rawValue) ?? [],
            plugins: try path(overrides.plugins, .plugins, "plugins"),
            output: try path(overrides.output, .output, "output"),
            python: try overrides.python ?? sources.text(SettingKey.python.rawValue),
            slots: slots, settle: .milliseconds(Int64(settle * 1000)), logLevel: level, logFormat: format)
    }
}
