import CasparianModel
import CasparianSinks
import CasparianTestKit
import Foundation

@testable import SQLServerSink

/// The TDS test server in a process of its own, with an empty store; ends with the value.
final class TDSServer: Sendable {
    private let process: Process
    private let folder: TemporaryFolder
    let port: Int

    static let user = "sa"
    static let password = "Test-1234"
    static let database = "casparian"

    struct DidNotStart: Error {}

    init(_ arguments: [String] = []) throws {
        folder = try TemporaryFolder()
        let process = Process()
        self.process = process
        let servers = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("servers").path
        process.executableURL = URL(fileURLWithPath: Python.path)
        process.arguments = ["-m", "tds", "--store", folder.file("store.db"), "--password", Self.password] + arguments
        var environment = ProcessInfo.processInfo.environment
        environment["LD_PRELOAD"] = nil
        environment["PYTHONPATH"] = servers
        process.environment = environment
        let output = try ProcessStart.alone {
            let output = ProcessStart.pipe()
            process.standardOutput = output
            try process.run()
            return output
        }
        var line = Data()
        while line.last != UInt8(ascii: "\n") {
            let part = output.fileHandleForReading.availableData
            guard !part.isEmpty else { throw DidNotStart() }
            line += part
        }
        guard let port = Int(String(decoding: line, as: UTF8.self).trimmingCharacters(in: .newlines)) else {
            throw DidNotStart()
        }
        self.port = port
        try folder.write(Self.password, to: "password")
    }

    deinit { end() }

    func end() {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    var passwordFile: String { folder.file("password") }
    var store: String { folder.file("store.db") }

    func options(encryption: SQLServerOptions.Encryption = .off) -> SQLServerOptions {
        SQLServerOptions(
            server: "127.0.0.1", port: port, database: Self.database, user: Self.user,
            password: .file(passwordFile), encryption: encryption, connectTimeout: .seconds(60))
    }

    /// For statements of the test's own.
    func connect() throws -> SQLServerConnection { try SQLServerConnection(options(), target: "test") }

    func makeFactory() -> SQLServerSinkFactory {
        SQLServerSinkFactory(options()) { Timestamp(secondsSinceEpoch: 1_700_000_000) }
    }
}
