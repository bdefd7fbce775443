import CasparianTestKit
import Foundation
import Logging
import Testing
import ZeroMQTransport

@testable import CasparianCLI

@Suite struct KeyTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func settings(
        _ yaml: String = "", _ variables: [String: String] = [:], flag: String? = nil
    ) throws -> KeySettings {
        try folder.write(yaml, to: "casparian.yaml")
        let sources = try SettingsSources(file: nil, variables: variables, working: folder.path)
        return try ProjectSettings.resolve(
            try ProjectOptions.parse([]), overrides: SettingsOverrides(keys: flag), from: sources
        ).keys
    }

    private func mode(_ name: String) throws -> Int {
        var status = stat()
        try #require(stat(folder.file(name), &status) == 0)
        return Int(status.st_mode & 0o777)
    }

    @Test func `A pair of keys is two files, and only the owner reads the secret one`() throws {
        let key = try KeyFile.generate("rack7", in: folder.file("keys"))
        #expect(try mode("keys/rack7.secret") == 0o600 && mode("keys") == 0o700)
        #expect(try KeyFile.secret(folder.file("keys/rack7.secret")).publicKey == key)
        #expect(try KeyFile.publicKey(folder.file("keys/rack7.public")) == key)
    }

    @Test(arguments: [KeyFile.secretSuffix, KeyFile.publicSuffix])
    func `No key file is overwritten, and no half of a pair is made`(suffix: String) throws {
        try folder.write("mine", to: "keys/a\(suffix)")
        let error = #expect(throws: ExitStatus.self) { _ = try KeyFile.generate("a", in: folder.file("keys")) }
        #expect(error?.code == ExitStatus.misuse && error?.message.contains("a\(suffix)") == true)
        #expect(folder.files() == ["keys/a\(suffix)"])
        #expect(try String(contentsOfFile: folder.file("keys/a\(suffix)"), encoding: .utf8) == "mine")
    }

    @Test(arguments: ["", ".", "..", "a/b", "-n", "a b", "ä", ".hidden"])
    func `A name that makes no plain file name is refused`(name: String) {
        #expect(throws: ExitStatus.self) { _ = try KeyFile.generate(name, in: folder.path) }
        #expect(folder.files().isEmpty)
    }

    @Test(arguments: [0o640, 0o604, 0o620, 0o644, 0o666, 0o610])
    func `A secret key that others may read or change is refused with what to run`(mode: Int) throws {
        _ = try KeyFile.generate("a", in: folder.path)
        let path = folder.file("a.secret")
        chmod(path, mode_t(mode))
        let error = #expect(throws: ExitStatus.self) { _ = try KeyFile.secret(path) }
        #expect(error?.code == ExitStatus.misuse && error?.message.contains("chmod 600 \(path)") == true)
        chmod(path, 0o400)
        _ = try KeyFile.secret(path)
    }

    @Test(arguments: [
        "", "short", String(repeating: "a", count: 39), String(repeating: "~", count: 40), "\u{0}\u{FFFD}",
    ])
    func `What is no key is refused without being shown`(text: String) throws {
        let path = try folder.write(text, to: "a.secret")
        chmod(path, 0o600)
        for read in [{ _ = try KeyFile.secret(path) }, { _ = try KeyFile.publicKey(path) }] {
            let error = #expect(throws: ExitStatus.self) { try read() }
            #expect(error?.code == ExitStatus.misuse && error?.message.contains(path) == true)
            #expect(text.isEmpty || error?.message.contains(text) == false)
        }
    }

    @Test func `A key file that is missing, a folder or a pipe is named and waited for by nobody`() throws {
        let missing = #expect(throws: ExitStatus.self) { _ = try KeyFile.secret(folder.file("none")) }
        #expect(missing?.code == ExitStatus.unreachable && missing?.message.contains(folder.file("none")) == true)
        #expect(throws: ExitStatus.self) { _ = try KeyFile.secret(folder.path) }
        mkfifo(folder.file("pipe"), 0o600)
        #expect(throws: ExitStatus.self) { _ = try KeyFile.secret(folder.file("pipe")) }
    }

    @Test func `A secret key does not show itself`() throws {
        let key = try CurveSecretKey.generate()
        var dumped = ""
        dump(key, to: &dumped)
        for text in ["\(key)", String(reflecting: key), dumped] { #expect(!text.contains(key.exposedText)) }
    }

    @Test func `Nothing set means no keys, and anything set means keys`() throws {
        #expect(try settings("slots: 2").isEmpty)
        #expect(try settings("slots: 2").server { _ in true } == nil)
        for key in KeySettings.names {
            #expect(try !settings("keys: {\(key): x}").isEmpty)
            #expect(try !settings("", ["CASPARIAN_KEYS_\(key.uppercased())": "x"]).isEmpty)
            // Half of what is needed never falls back to plain text.
            #expect(throws: (any Error).self) { _ = try settings("keys: {\(key): x}").server { _ in true } }
            #expect(throws: (any Error).self) { _ = try settings("keys: {\(key): x}").client() }
        }
    }

    @Test func `A folder has the names of both sides; one file can be elsewhere; the flag stands above all`() throws {
        let keys = folder.file("keys")
        let sentinel = try KeyFile.generate("sentinel", in: keys)
        let worker = try KeyFile.generate("worker", in: keys)
        let other = try KeyFile.generate("other", in: folder.path)
        #expect(try settings("keys: {folder: keys}").server { _ in true }?.secretKey.publicKey == sentinel)
        let client = try #require(try settings("keys: {folder: keys}").client())
        #expect(client.secretKey.publicKey == worker && client.serverKey == sentinel)
        let elsewhere = "keys: {folder: keys, secret_file: other.secret, sentinel_file: other.public}"
        let second = try #require(try settings(elsewhere).client())
        #expect(second.secretKey.publicKey == other && second.serverKey == other)
        #expect(try settings(elsewhere, flag: keys).client()?.secretKey.publicKey == worker)
    }

    @Test func `Two places of a secret key are refused, and guests do not see its variable`() throws {
        #expect(throws: SettingsError.self) { _ = try settings("keys: {secret_file: a, secret_env: B}") }
        let kept = try settings("keys: {secret_env: B}").withoutSecret(["A": "1", "B": "2"])
        #expect(kept == ["A": "1"])
        let error = #expect(throws: SettingsError.self) {
            _ = try settings("keys: {folder: k, secret_env: CASPARIAN_TEST_UNSET}").server { _ in true }
        }
        #expect(error?.message.contains("CASPARIAN_TEST_UNSET") == true)
    }

    @Test func `Keys are taken up and dropped while the list is in use`() throws {
        let allowed = AllowedKeys(folder: folder.file("allowed"))
        let key = try CurveSecretKey.generate().publicKey
        let own = try CurveSecretKey.generate().publicKey
        let list = AllowList(allowed, own: own, logger: Logs.silent)
        #expect(!list.contains(key) && list.contains(own))
        try KeyFile.makeFolder(allowed.folder)
        try KeyFile.write("garbage", to: allowed.path("broken"), mode: 0o644)
        try KeyFile.write(key.text, to: allowed.path("good"), mode: 0o644)
        // A change within the clock's resolution is seen after `AllowList.ageMax`.
        while !list.contains(key) { usleep(1000) }
        unlink(allowed.path("good"))
        while list.contains(key) { usleep(1000) }
        #expect(throws: ExitStatus.self) { _ = try allowed.entries() }
    }

    @Test func `A folder of allowed keys that others may write to is refused`() throws {
        let allowed = AllowedKeys(folder: folder.file("allowed"))
        try KeyFile.makeFolder(allowed.folder)
        chmod(allowed.folder, 0o777)
        let error = #expect(throws: ExitStatus.self) { _ = try allowed.entries() }
        #expect(error?.message.contains("chmod go-w") == true)
    }
}
