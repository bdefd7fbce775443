import CasparianTestKit
import Testing

@testable import CasparianCLI

@Suite("Settings")
struct SettingsTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func resolve(
        _ variables: [String: String] = [:], overrides: SettingsOverrides = SettingsOverrides(),
        arguments: [String] = []
    ) throws -> ProjectSettings {
        let sources = try SettingsSources(file: nil, variables: variables, working: folder.path)
        return try ProjectSettings.resolve(try ProjectOptions.parse(arguments), overrides: overrides, from: sources)
    }

    /// The message of the error that a file leads to.
    private func complaint(_ yaml: String) throws -> String {
        try folder.write(yaml, to: "casparian.yaml")
        let error = #expect(throws: SettingsError.self) { _ = try resolve() }
        return error.map { "\($0)" } ?? ""
    }

    @Test func `A flag wins over a variable, that over the file, that over the default`() throws {
        #expect(try resolve().slots == 2)
        try folder.write("slots: 3", to: "casparian.yaml")
        #expect(try resolve().slots == 3)
        #expect(try resolve(["CASPARIAN_SLOTS": "4"]).slots == 4)
        #expect(try resolve(["CASPARIAN_SLOTS": "4"], overrides: SettingsOverrides(slots: 5)).slots == 5)
    }

    @Test func `Nested keys have the same precedence`() throws {
        try folder.write("log: {level: debug, format: json}", to: "casparian.yaml")
        #expect(try resolve().logLevel == "debug")
        #expect(try resolve().logFormat == .json)
        #expect(try resolve(["CASPARIAN_LOG_LEVEL": "error"]).logLevel == "error")
        let flagged = try resolve(["CASPARIAN_LOG_LEVEL": "error"], arguments: ["--log-level", "trace"])
        #expect(flagged.logLevel == "trace")
    }

    @Test func `Relative paths in the file start at its folder`() throws {
        let path = try folder.write("database: state/a.sqlite3\nroots: [in, /data]\noutput: ../out", to: "other.yaml")
        let sources = try SettingsSources(file: path, variables: [:], working: "/elsewhere")
        let settings = try ProjectSettings.resolve(
            try ProjectOptions.parse([]), overrides: SettingsOverrides(), from: sources)
        #expect(settings.database == folder.file("state/a.sqlite3"))
        #expect(settings.roots == [folder.file("in"), "/data"])
        #expect(settings.output == Paths.parent(of: folder.path) + "/out")
    }

    @Test func `A list in a variable is separated by commas`() throws {
        #expect(try resolve(["CASPARIAN_IGNORE": "*.tmp,*.bak"]).ignore == ["*.tmp", "*.bak"])
    }

    @Test(arguments: ["", "# nothing set\n", "roots:\n#  - /data\nslots:\ndatabase: ~\n"])
    func `What is left empty is not set`(yaml: String) throws {
        try folder.write(yaml, to: "casparian.yaml")
        let settings = try resolve(["CASPARIAN_OUTPUT": ""])
        #expect(settings.roots.isEmpty)
        #expect(settings.slots == 2)
        #expect(settings.database == folder.file("casparian_flow.sqlite3"))
        #expect(settings.output == folder.file("output"))
    }

    @Test(arguments: [
        ("slots: 2\nslotz: 3", ":2: unknown key 'slotz'"),
        ("\"slotz\": 3", ":1: unknown key 'slotz'"),
        ("{slotz: 3}", ":1: unknown key 'slotz'"),
        ("log:\n  levle: info", ":2: unknown key 'log.levle'"),
        ("log: info", ":1: 'log' must hold keys: level, format"),
        ("- slots", ":1: the file must hold keys"),
        ("slots: two", ":1: 'slots' must be a whole number"),
        ("slots: 2.5", ":1: 'slots' must be a whole number"),
        ("slots: \"2\"", ":1: 'slots' must be a whole number"),
        ("settle_seconds: soon", ":1: 'settle_seconds' must be a number"),
        ("roots: /data", ":1: 'roots' must be a list of texts"),
        ("ignore: [a, [b]]", ":1: 'ignore' must be a list of texts"),
        ("output: \"\"", ":1: 'output' must be a text"),
        ("slots: 0", ": 'slots' is from 1 to 256, not '0'"),
        ("settle_seconds: -1", ": 'settle_seconds' is from 0 to 86400"),
        ("settle: {files: a}", ":1: 'settle' must be a list of entries with keys: files, seconds, done_marker"),
        ("settle: [a]", ":1: an entry of 'settle' must hold keys"),
        ("settle:\n  - {files: a, second: 1}", ":2: unknown key 'settle.second'"),
        ("settle: [{files: a}]", ": an entry of 'settle' has 'files' and 'seconds' or 'done_marker'"),
        ("settle: [{files: a, seconds: -1}]", ": 'settle.seconds' is from 0 to 86400, not '-1'"),
        ("settle: [{files: a, done_marker: done}]", "{name}.done"),
        ("settle: [{files: \"\\\\\", seconds: 1}]", "\\"),
        ("done_marker: done", "{name}.done"),
        ("temporary: {a: b}", ":1: 'temporary' must be a text or a list of texts"),
        ("log: {level: loud}", ": 'log.level' is one of"),
        ("slots: [", "cannot be read as YAML"),
        ("slots: 1\nslots: 2", "cannot be read as YAML"),
    ])
    func `A file that cannot be used is named with line and reason`(yaml: String, reason: String) throws {
        let message = try complaint(yaml)
        #expect(message.hasPrefix(folder.file("casparian.yaml")))
        #expect(message.contains(reason))
    }

    @Test(arguments: [
        ("CASPARIAN_SLOTS", "two"), ("CASPARIAN_SLOTS", "0"), ("CASPARIAN_SETTLE_SECONDS", "x"),
        ("CASPARIAN_LOG_FORMAT", "xml"),
    ])
    func `A variable that cannot be used is named`(name: String, value: String) throws {
        let error = #expect(throws: SettingsError.self) { _ = try resolve([name: value]) }
        #expect(error?.source == name)
    }

    @Test func `How files settle is set for all, and by entries for some`() throws {
        #expect(try resolve().settle.policy().window == .seconds(2))
        try folder.write(
            """
            settle_seconds: 1.5
            settle:
              - {files: "*.log", seconds: 30}
              - files: orders/*.csv
                done_marker: "{name}.done"
            temporary: "*.part"
            """, to: "casparian.yaml")
        let settle = try resolve().settle
        #expect(settle.seconds == 1.5 && settle.temporary == ["*.part"] && settle.doneMarker == nil)
        #expect(settle.rules.map(\.files) == ["*.log", "orders/*.csv"])
        let policy = try settle.policy()
        #expect(policy.window(for: "a.log") == .seconds(30) && policy.window(for: "a") == .milliseconds(1500))
        #expect(policy.isMarked("orders/a.csv") && !policy.isMarked("a.csv"))
        #expect(try resolve(["CASPARIAN_TEMPORARY": "*.a,*.b"]).settle.temporary == ["*.a", "*.b"])
        #expect(try resolve(["CASPARIAN_DONE_MARKER": "{name}.ok"]).settle.policy().isMarked("x"))
    }

    @Test func `The file that init writes says what the defaults are`() throws {
        let defaults = try resolve()
        try folder.write(ExampleConfiguration.text, to: "casparian.yaml")
        #expect(try resolve() == defaults)
    }
}
