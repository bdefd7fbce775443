import CasparianRouting
import CasparianScout
import FileDiscovery
import Foundation

/// When files count as complete: `settle_seconds`, `settle`, `done_marker` and `temporary`.
struct SettleSettings: Sendable, Equatable {
    /// What applies to some files; an entry of `settle`.
    struct Rule: Sendable, Equatable {
        var files: String
        var seconds: Double?
        var doneMarker: String?

        /// Keys of an entry.
        static let keys = ["files", "seconds", "done_marker"]
    }

    /// `settle_seconds` unless it is set.
    static let secondsByDefault = 2.0

    var seconds = SettleSettings.secondsByDefault
    var rules: [Rule] = []
    var doneMarker: String?
    var temporary: [String] = []

    /// - Throws: `SettingsError` that names the source and the key.
    init(from sources: SettingsSources, seconds: Double) throws {
        self.seconds = seconds
        temporary = try sources.texts(SettingKey.temporary.rawValue)?.value ?? []
        let marker = try sources.text(SettingKey.doneMarker.rawValue)
        doneMarker = marker?.value
        let found = try sources.texts(SettingKey.settle.rawValue)
        rules = try (found?.value ?? []).map { try Self.rule($0, source: found?.source ?? "") }
        do {
            _ = try policy()
        } catch {
            throw SettingsError(source: found?.source ?? marker?.source ?? "temporary", message: "\(error)")
        }
    }

    /// As the scout understands it.
    func policy() throws -> SettlePolicy {
        try SettlePolicy(
            window: Self.duration(seconds), marker: doneMarker.map(Self.marker),
            rules: rules.map { rule in
                try SettlePolicy.Rule(
                    files: rule.files, window: Self.duration(rule.seconds ?? seconds),
                    marker: rule.doneMarker.map(Self.marker))
            }, temporary: temporary)
    }

    private static func duration(_ seconds: Double) -> Duration { .milliseconds(Int64(seconds * 1000)) }

    private static func marker(_ template: String) throws -> DoneMarker {
        guard let marker = DoneMarker(template) else {
            throw SettingsError(
                source: SettingKey.doneMarker.rawValue,
                message: "it names a file beside the one that is complete, as in '{name}.done', not '\(template)'")
        }
        return marker
    }

    /// An entry as `ConfigurationFile` hands it on: a JSON object of texts.
    private static func rule(_ text: String, source: String) throws -> Rule {
        guard let values = try? JSONDecoder().decode([String: String].self, from: Data(text.utf8)) else {
            throw SettingsError(
                source: source, message: "'settle' is a list of entries and stands in casparian.yaml only")
        }
        guard let files = values["files"], values["seconds"] != nil || values["done_marker"] != nil else {
            throw SettingsError(
                source: source, message: "an entry of 'settle' has 'files' and 'seconds' or 'done_marker'")
        }
        let seconds = try values["seconds"].map { text in
            guard let number = Double(text), SettingKey.settleSecondsRange.contains(number) else {
                throw SettingsError(source: source, message: "'settle.seconds' is from 0 to 86400, not '\(text)'")
            }
            return number
        }
        return Rule(files: files, seconds: seconds, doneMarker: values["done_marker"])
    }
}
