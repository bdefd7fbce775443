import CasparianTestKit
import Testing

@testable import CasparianCLI

@Suite struct ServerSettingsTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func servers(_ yaml: String, _ variables: [String: String] = [:]) throws -> [String: ServerSettings] {
        try folder.write(yaml, to: "casparian.yaml")
        let sources = try SettingsSources(file: nil, variables: variables, working: folder.path)
        return try ProjectSettings.resolve(
            try ProjectOptions.parse([]), overrides: SettingsOverrides(), from: sources
        ).servers
    }

    @Test func `A server is read from the file, and a variable wins over it`() throws {
        let yaml = "sinks:\n  mssql:\n    server: db.local\n    port: 1433\n    password_file: secrets/sa"
        let server = try #require(try servers(yaml, ["CASPARIAN_SINKS_MSSQL_SERVER": "127.0.0.1"])["mssql"])
        #expect(try server.required("server") == "127.0.0.1" && server.port() == 1433)
        #expect(try server.password() == .file(folder.file("secrets/sa")))
        #expect(throws: SettingsError.self) { try server.required("database") }
    }

    @Test func `Nothing set is an empty server`() throws {
        #expect(try servers("slots: 2").values.allSatisfy(\.isEmpty))
    }

    @Test(arguments: [
        ("sinks: {oracle: {}}", "sinks.oracle"), ("sinks: {mssql: {pasword_env: X}}", "sinks.mssql.pasword_env"),
        ("sinks: {mssql: [a]}", "sinks.mssql"), ("sinks: {mssql: {password: secret}}", "sinks.mssql.password"),
    ])
    func `A key that is unknown is refused by name, a password among them`(yaml: String, name: String) throws {
        let error = #expect(throws: SettingsError.self) { _ = try servers(yaml) }
        #expect(error?.message.contains(name) == true)
    }

    @Test func `A port that is none and two places of a password are refused`() throws {
        let server = try #require(
            try servers("sinks: {postgresql: {port: 99999, password_env: A, password_file: b}}")["postgresql"])
        #expect(throws: SettingsError.self) { try server.port() }
        #expect(throws: SettingsError.self) { try server.password() }
    }
}
