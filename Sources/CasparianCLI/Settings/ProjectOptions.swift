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
    var metrics: String?
    var plugins: String?
    var output: String?
    var python: String?
    var slots: Int?
    var keys: String?
}

extension ProjectSettings {
    static let logLevels = ["trace", "debug", "info", "notice", "warning", "error", "critical"]

    /// Resolves the settings of one command.
    ///
    /// - Throws: `SettingsError` that names the source and the key.
    static func resolve(
        _ options: ProjectOptions, overrides: SettingsOverrides = SettingsOverrides()
    ) async throws -> ProjectSettings {
        try resolve(options, overrides: overrides, from: SettingsSources(file: options.config))
    }

    /// The same from given sources; flags start at the working folder.
    static func resolve(
        _ options: ProjectOptions, overrides: SettingsOverrides, from sources: SettingsSources
    ) throws -> ProjectSettings {
        func path(_ flag: String?, _ key: SettingKey, _ fallback: String) throws -> String {
            if let flag { return Paths.absolute(flag) }
            return Paths.absolute(try sources.text(key.rawValue)?.value ?? fallback, from: sources.folder)
        }
        let formatText = try checked(
            options.logFormat.map { .init(value: $0.rawValue, source: "--log-format") }
                ?? sources.text(SettingKey.logFormat), or: "text", "'log.format' is text or json"
        ) {
            LogFormat(rawValue: $0) != nil
        }
        let settle = try checked(
            sources.number(SettingKey.settleSeconds.rawValue), or: SettleSettings.secondsByDefault,
            "'settle_seconds' is from 0 to 86400"
        ) {
            SettingKey.settleSecondsRange.contains($0)
        }
        return ProjectSettings(
            database: try path(options.database, .database, "casparian_flow.sqlite3"),
            bind: try overrides.bind ?? sources.text(SettingKey.bind.rawValue)?.value ?? "tcp://127.0.0.1:5555",
            metrics: try overrides.metrics ?? sources.text(SettingKey.metrics.rawValue)?.value,
            roots: (try sources.texts(SettingKey.roots.rawValue)?.value ?? []).map {
                Paths.absolute($0, from: sources.folder)
            },
            ignore: try sources.texts(SettingKey.ignore.rawValue)?.value ?? [],
            plugins: try path(overrides.plugins, .plugins, "plugins"),
            output: try path(overrides.output, .output, "output"),
            python: try overrides.python ?? sources.text(SettingKey.python.rawValue)?.value,
            pluginEnvironment: try sources.texts(SettingKey.pluginEnvironment.rawValue)?.value ?? [],
            environments: try sources.text(SettingKey.environments.rawValue).map {
                Paths.absolute($0.value, from: sources.folder)
            },
            wheels: try sources.text(SettingKey.wheels.rawValue).map {
                Paths.absolute($0.value, from: sources.folder)
            },
            sandbox: try sandbox(sources), slots: try slots(overrides, sources),
            settle: try SettleSettings(from: sources, seconds: settle),
            logLevel: try logLevel(options, sources), logFormat: LogFormat(rawValue: formatText) ?? .text,
            servers: try Dictionary(
                uniqueKeysWithValues: ServerSettings.keys.map {
                    ($0.scheme, try ServerSettings($0.scheme, from: sources))
                }
            ), keys: try KeySettings(flag: overrides.keys, from: sources))
    }

    private static func slots(_ overrides: SettingsOverrides, _ sources: SettingsSources) throws -> Int {
        let found =
            try overrides.slots.map { .init(value: $0, source: "--slots") }
            ?? sources.integer(SettingKey.slots.rawValue)
        return try checked(found, or: 2, "'slots' is from 1 to \(SettingKey.slotsRange.upperBound)") {
            SettingKey.slotsRange.contains($0)
        }
    }

    private static func sandbox(_ sources: SettingsSources) throws -> SandboxSetting {
        let words = SandboxSetting.allCases.map(\.rawValue)
        let found = try checked(
            sources.text(SettingKey.sandbox.rawValue), or: "auto",
            "'sandbox' is one of \(words.joined(separator: ", "))"
        ) { words.contains($0) }
        return SandboxSetting(rawValue: found) ?? .auto
    }

    private static func logLevel(_ options: ProjectOptions, _ sources: SettingsSources) throws -> String {
        let found =
            try options.logLevel.map { .init(value: $0, source: "--log-level") }
            ?? sources.text(SettingKey.logLevel)
        return try checked(found, or: "info", "'log.level' is one of \(logLevels.joined(separator: ", "))") {
            logLevels.contains($0)
        }
    }

    /// - Throws: `SettingsError` that names where the value came from.
    private static func checked<Value>(
        _ found: SettingsSources.Found<Value>?, or fallback: Value, _ rule: String, _ isGood: (Value) -> Bool
    ) throws -> Value {
        guard let found else { return fallback }
        guard isGood(found.value) else {
            throw SettingsError(source: found.source, message: "\(rule), not '\(found.value)'")
        }
        return found.value
    }
}
