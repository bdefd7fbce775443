import Foundation

/// Servers that SQL sinks write to: `sinks.<scheme>` in `casparian.yaml`, `CASPARIAN_SINKS_<SCHEME>_<KEY>` in the
/// environment. Passwords are never among the values, only where they are kept.
struct ServerSettings: Sendable, Equatable {
    /// Schemes and their keys.
    static let keys: [(scheme: String, keys: [String])] = [
        (
            "mssql",
            ["server", "port", "database", "user", "password_env", "password_file", "encryption", "authorities"]
        ),
        (
            "postgresql",
            ["connection", "host", "port", "database", "user", "password_env", "password_file", "schema"]
        ),
    ]

    let scheme: String
    private let found: [String: SettingsSources.Found<String>]
    private let folder: String

    static func == (left: Self, right: Self) -> Bool {
        left.scheme == right.scheme && left.found.mapValues(\.value) == right.found.mapValues(\.value)
    }

    /// - Throws: `SettingsError` for a variable of another type.
    init(_ scheme: String, from sources: SettingsSources) throws {
        self.scheme = scheme
        folder = sources.folder
        let keys = Self.keys.first { $0.scheme == scheme }?.keys ?? []
        var found: [String: SettingsSources.Found<String>] = [:]
        for key in keys { found[key] = try sources.text("sinks.\(scheme).\(key)") }
        self.found = found
    }

    /// Nothing is set.
    var isEmpty: Bool { found.isEmpty }

    subscript(key: String) -> String? { found[key]?.value }

    /// - Throws: `SettingsError` if it is not set.
    func required(_ key: String) throws -> String {
        if let value = self[key] { return value }
        throw SettingsError(
            source: "sinks.\(scheme)",
            message: "'\(key)' is missing; set it in casparian.yaml or in "
                + "CASPARIAN_SINKS_\(scheme.uppercased())_\(key.uppercased())")
    }

    /// - Throws: `SettingsError` for what is no TCP port.
    func port() throws -> Int? {
        guard let text = found["port"] else { return nil }
        guard let port = Int(text.value), (1...65_535).contains(port) else {
            throw SettingsError(source: text.source, message: "'sinks.\(scheme).port' is a number from 1 to 65535")
        }
        return port
    }

    /// A value that has to be one of an enumeration's words.
    ///
    /// - Throws: `SettingsError` that lists them.
    func word<Word: RawRepresentable<String> & CaseIterable>(_ key: String, _ type: Word.Type) throws -> Word? {
        guard let text = found[key] else { return nil }
        if let word = Word(rawValue: text.value) { return word }
        let words = Word.allCases.map(\.rawValue).joined(separator: ", ")
        throw SettingsError(source: text.source, message: "'sinks.\(scheme).\(key)' is one of \(words)")
    }

    enum Password: Equatable {
        case environment(String)
        /// Absolute.
        case file(String)
    }

    /// Where the password is kept; nil if nothing says so.
    ///
    /// - Throws: `SettingsError` if both places are named.
    func password() throws -> Password? {
        switch (self["password_env"], self["password_file"]) {
        case (let variable?, nil): return .environment(variable)
        case (nil, let path?): return .file(Paths.absolute(path, from: folder))
        case (nil, nil): return nil
        default:
            throw SettingsError(source: "sinks.\(scheme)", message: "name password_env or password_file, not both")
        }
    }
}
