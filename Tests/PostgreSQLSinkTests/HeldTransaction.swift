import CasparianTestKit
import Foundation

/// A transaction of somebody else, open until told to end.
final class HeldTransaction {
    private let process: Process
    private let input: Pipe
    private let output: Pipe

    init(_ sql: String, in database: PostgreSQLDatabase) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/psql")
        process.arguments = [
            "-X", "-q", "-A", "-t", "-h", "127.0.0.1", "-p", "\(database.server.port)", "-U", "postgres", "-d",
            database.name,
        ]
        let pipes = try ProcessStart.alone {
            let pipes = (input: ProcessStart.pipe(), output: ProcessStart.pipe())
            process.standardInput = pipes.input
            process.standardOutput = pipes.output
            try process.run()
            return pipes
        }
        self.process = process
        input = pipes.input
        output = pipes.output
        try input.fileHandleForWriting.write(contentsOf: Data("BEGIN; \(sql);\n\\echo held\n".utf8))
        // Its only line says that the statement is done.
        _ = try output.fileHandleForReading.read(upToCount: 5)
    }

    func end() {
        try? input.fileHandleForWriting.write(contentsOf: Data("ROLLBACK;\n\\q\n".utf8))
        process.waitUntilExit()
    }
}
