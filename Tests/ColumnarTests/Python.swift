import Foundation
import Testing

/// pyarrow, DuckDB and polars, which read what we wrote and write what we read.
enum Python {
    struct Failed: Error, CustomStringConvertible {
        let description: String
    }

    static var path: String {
        let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return package.appendingPathComponent(".deps/python/bin/python3").path
    }

    /// Runs a script; returns what it printed.
    @discardableResult
    static func run(_ script: String, _ arguments: String...) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = ["-c", script] + arguments
        var environment = ProcessInfo.processInfo.environment
        environment["LD_PRELOAD"] = nil
        process.environment = environment
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failed(description: text) }
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
