import Configuration
import Foundation
import SystemPackage

/// The places settings come from, strongest first, each with the name a person knows it by.
struct SettingsSources: Sendable {
    private let providers: [(name: String, provider: any ConfigProvider)]
    /// The folder that relative paths in `casparian.yaml` start at.
    let folder: String

    static let fileName = "casparian.yaml"

    /// Reads the environment and the configuration file.
    ///
    /// - Parameter file: The file a person named; nil looks for `casparian.yaml` in the working folder.
    /// - Throws: `SettingsError` for a named file that is missing, YAML that cannot be parsed, and unknown keys.
    static func load(file: String?) async throws -> SettingsSources {
        let working = FileManager.default.currentDirectoryPath
        let path = Paths.absolute(file ?? fileName, from: working)
        let environment = EnvironmentVariablesProvider().prefixKeys(with: "casparian")
        guard FileManager.default.fileExists(atPath: path) else {
            if let file {
                throw SettingsError(source: file, message: "there is no such file; `casparian init` writes one")
            }
            return SettingsSources(providers: [("environment", environment)], folder: working)
        }
        do {
            try checkKeys(path: path)
            let yaml = try await FileProvider<YAMLSnapshot>(filePath: FilePath(path))
            return SettingsSources(
                providers: [("environment", environment), (path, yaml)], folder: Paths.parent(of: path))
        } catch let error as SettingsError {
            throw error
        } catch {
            throw SettingsError(
                source: path, message: "cannot be read as YAML: \(error). See docs/command-line.md for an example")
        }
    }

    /// The first value of a key, with where it came from.
    func text(_ key: String) throws -> String? {
        try lookUp(key, type: .string, expected: "a text") { if case .string(let value) = $0 { value } else { nil } }
    }

    func integer(_ key: String) throws -> Int? {
        try lookUp(key, type: .int, expected: "a whole number") { if case .int(let value) = $0 { value } else { nil } }
    }

    func number(_ key: String) throws -> Double? {
        try lookUp(key, type: .double, expected: "a number") { if case .double(let value) = $0 { value } else { nil } }
    }

    func texts(_ key: String) throws -> [String]? {
        try lookUp(key, type: .stringArray, expected: "a list of texts") {
            if case .stringArray(let value) = $0 { value } else { nil }
        }
    }

    private func lookUp<Value>(
        _ key: String, type: ConfigType, expected: String, _ read: (ConfigContent) -> Value?
    ) throws -> Value? {
        let parts = key.split(separator: ".").map(String.init)
        for (name, provider) in providers {
            do {
                let found = try provider.value(forKey: AbsoluteConfigKey(parts), type: type)
                if let content = found.value?.content, let value = read(content) { return value }
            } catch {
                throw SettingsError(source: name, message: "'\(key)' must be \(expected)")
            }
        }
        return nil
    }

    /// A misspelt key would silently do nothing, so it is refused.
    private static func checkKeys(path: String) throws {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw SettingsError(source: path, message: "cannot be read, or is not UTF-8 text")
        }
        let known = SettingKey.allCases.map(\.rawValue)
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            guard let first = line.first, first.isLetter || first == "_", let colon = line.firstIndex(of: ":") else {
                continue
            }
            let key = String(line[..<colon]).trimmingCharacters(in: .whitespaces)
            if !known.contains(key) {
                throw SettingsError(
                    source: "\(path):\(index + 1)",
                    message: "unknown key '\(key)'; the keys are \(known.joined(separator: ", "))")
            }
        }
    }
}
