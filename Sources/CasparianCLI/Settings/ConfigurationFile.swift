import Configuration
import Foundation
import Yams

/// `casparian.yaml`: known keys with values of the right type. A misspelt key would silently do nothing, so it is refused.
struct ConfigurationFile {
    /// What the file sets; a key without a value (`roots:`) sets nothing.
    private(set) var values: [AbsoluteConfigKey: ConfigValue] = [:]

    /// - Parameter path: Absolute.
    /// - Throws: `SettingsError` with the line.
    init(path: String) throws {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw SettingsError(source: path, message: "cannot be read, or is not UTF-8 text")
        }
        let root: Node?
        do {
            root = try Yams.compose(yaml: text)
        } catch {
            throw SettingsError(source: path, message: "cannot be read as YAML: \(error)")
        }
        if let root, !root.isNothing {
            try read(root, path: path, below: [], known: SettingKey.allCases.map { ($0.rawValue, $0.form) })
        }
    }

    private mutating func read(
        _ node: Node, path: String, below parts: [String], known: [(name: String, form: SettingForm)]
    ) throws {
        guard let mapping = node.mapping else {
            let place = parts.isEmpty ? "the file" : "'\(parts.joined(separator: "."))'"
            let names = known.map(\.name).joined(separator: ", ")
            throw Self.error(node, path, "\(place) must hold keys: \(names)")
        }
        for (key, value) in mapping {
            let name = key.string ?? ""
            guard let form = known.first(where: { $0.name == name })?.form else {
                let full = (parts + [name]).joined(separator: ".")
                throw Self.error(
                    key, path, "unknown key '\(full)'; the keys are \(known.map(\.name).joined(separator: ", "))")
            }
            if value.isNothing { continue }
            switch form {
            case .group(let names):
                try read(value, path: path, below: parts + [name], known: names.map { ($0, .text) })
            case .groups(let groups):
                let known = groups.sorted { $0.key < $1.key }.map { ($0.key, SettingForm.group($0.value)) }
                try read(value, path: path, below: parts + [name], known: known)
            default:
                values[AbsoluteConfigKey(parts + [name])] = ConfigValue(
                    try Self.content(value, form, name: (parts + [name]).joined(separator: "."), path), isSecret: false)
            }
        }
    }

    private static func content(
        _ node: Node, _ form: SettingForm, name: String, _ path: String
    ) throws -> ConfigContent {
        switch form {
        case .text: if let text = node.scalar?.string, !text.isEmpty { return .string(text) }
        case .integer: if let number = node.int, !node.isQuoted { return .int(number) }
        case .number: if let number = node.float, !node.isQuoted { return .double(number) }
        case .textOrTexts where node.scalar?.string.isEmpty == false:
            return .stringArray([node.scalar?.string ?? ""])
        case .texts, .textOrTexts:
            let texts = node.sequence?.map { item in item.isNothing ? nil : item.scalar?.string }
            if let texts, !texts.contains(nil) { return .stringArray(texts.compactMap { $0 }) }
        case .entries(let keys):
            let entries = try node.sequence?.map { try Self.entry($0, keys, name: name, path) }
            if let entries { return .stringArray(entries) }
        case .group, .groups: break
        }
        throw error(node, path, "'\(name)' must be \(form.expected)")
    }

    /// One entry as a JSON object of texts: settings have no list of objects.
    private static func entry(_ node: Node, _ keys: [String], name: String, _ path: String) throws -> String {
        guard let mapping = node.mapping else {
            throw error(node, path, "an entry of '\(name)' must hold keys: \(keys.joined(separator: ", "))")
        }
        var values: [String: String] = [:]
        for (key, value) in mapping {
            guard let known = key.string, keys.contains(known) else {
                throw error(
                    key, path, "unknown key '\(name).\(key.string ?? "")'; the keys are \(keys.joined(separator: ", "))"
                )
            }
            guard let text = value.scalar?.string, !value.isNothing else {
                throw error(value, path, "'\(name).\(known)' must be one value")
            }
            values[known] = text
        }
        return String(decoding: try JSONEncoder().encode(values), as: UTF8.self)
    }

    private static func error(_ node: Node, _ path: String, _ message: String) -> SettingsError {
        SettingsError(source: node.mark.map { "\(path):\($0.line)" } ?? path, message: message)
    }
}

extension Node {
    /// `~`, `null` or nothing after the colon.
    fileprivate var isNothing: Bool { scalar != nil && !isQuoted && null != nil }

    fileprivate var isQuoted: Bool {
        switch scalar?.style {
        case .singleQuoted, .doubleQuoted: true
        default: false
        }
    }
}
