import Configuration
import Foundation

/// The places settings come from, strongest first, each with the name a person knows it by.
struct SettingsSources: Sendable {
    /// A value and where it came from.
    struct Found<Value: Sendable>: Sendable {
        var value: Value
        var source: String
    }

    private let environment: any ConfigProvider
    private let file: (path: String, provider: any ConfigProvider)?
    /// The folder that relative paths in `casparian.yaml` start at.
    let folder: String

    static let fileName = "casparian.yaml"

    /// Reads the environment and the configuration file.
    ///
    /// - Parameters:
    ///   - file: The file a person named; nil looks for `casparian.yaml` in the working folder.
    ///   - variables: The environment.
    ///   - working: The working folder.
    /// - Throws: `SettingsError` for a named file that is missing, YAML that cannot be parsed, and unknown keys.
    init(
        file: String?, variables: [String: String] = ProcessInfo.processInfo.environment,
        working: String = FileManager.default.currentDirectoryPath
    ) throws {
        // An empty variable is one that a script left unset.
        let set = variables.filter { $0.key.hasPrefix("CASPARIAN_") && !$0.value.isEmpty }
        environment = EnvironmentVariablesProvider(environmentVariables: set).prefixKeys(with: "casparian")
        let path = Paths.absolute(file ?? Self.fileName, from: working)
        if FileManager.default.fileExists(atPath: path) {
            self.file = (path, InMemoryProvider(name: path, values: try ConfigurationFile(path: path).values))
            folder = Paths.parent(of: path)
        } else if let file {
            throw SettingsError(source: file, message: "there is no such file; `casparian init` writes one")
        } else {
            self.file = nil
            folder = working
        }
    }

    /// The first value of a key.
    ///
    /// - Throws: `SettingsError` for a variable that is of another type.
    func text(_ key: String) throws -> Found<String>? {
        try lookUp(key, .text, type: .string) { if case .string(let value) = $0 { value } else { nil } }
    }

    func integer(_ key: String) throws -> Found<Int>? {
        try lookUp(key, .integer, type: .int) { if case .int(let value) = $0 { value } else { nil } }
    }

    func number(_ key: String) throws -> Found<Double>? {
        try lookUp(key, .number, type: .double) { if case .double(let value) = $0 { value } else { nil } }
    }

    func texts(_ key: String) throws -> Found<[String]>? {
        try lookUp(key, .texts, type: .stringArray) { if case .stringArray(let value) = $0 { value } else { nil } }
    }

    private func lookUp<Value>(
        _ key: String, _ form: SettingForm, type: ConfigType, _ read: (ConfigContent) -> Value?
    ) throws -> Found<Value>? {
        let absolute = AbsoluteConfigKey(key.split(separator: ".").map(String.init))
        let variable = "CASPARIAN_" + key.uppercased().replacingOccurrences(of: ".", with: "_")
        let places = [(variable, environment)] + (file.map { [($0.path, $0.provider)] } ?? [])
        for (name, provider) in places {
            do {
                let found = try provider.value(forKey: absolute, type: type)
                if let content = found.value?.content, let value = read(content) {
                    return Found(value: value, source: name)
                }
            } catch {
                throw SettingsError(source: name, message: "'\(key)' must be \(form.expected)")
            }
        }
        return nil
    }
}
