import Foundation

/// pyarrow, DuckDB and polars, which read what we wrote and write what we read.
public enum Python {
    public struct Failed: Error, CustomStringConvertible {
        public let description: String
    }

    public static var path: String {
        let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return package.appendingPathComponent(".deps/python/bin/python3").path
    }

    /// Runs a script; returns what it printed.
    ///
    /// Its output goes through a file, not a pipe: processes that other tests start at that moment inherit a pipe, and
    /// its end would be awaited until theirs.
    @discardableResult
    public static func run(_ script: String, _ arguments: String...) throws -> String {
        let output = NSTemporaryDirectory() + "casparian-python-" + UUID().uuidString
        defer { unlink(output) }
        let status = try spawn([path, "-c", Self.closing + script] + arguments, output: output)
        let text = String(decoding: FileManager.default.contents(atPath: output) ?? Data(), as: UTF8.self)
        guard status == 0 else { throw Failed(description: text) }
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// What it inherited of other tests' pipes would keep them open as long as it runs.
    private static let closing = "import os; os.closerange(3, 1 << 16)\n"

    /// Runs a program to its end; returns its wait status.
    private static func spawn(_ arguments: [String], output: String) throws -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        let environment = ProcessInfo.processInfo.environment.filter { $0.key != "LD_PRELOAD" }
        var pid: pid_t = 0
        let reason = withStrings(arguments) { argv in
            withStrings(environment.map { "\($0.key)=\($0.value)" }) {
                posix_spawn(&pid, argv[0]!, &actions, nil, argv, $0)
            }
        }
        guard reason == 0 else { throw Failed(description: String(cString: strerror(reason))) }
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 {
            guard errno == EINTR else { throw Failed(description: String(cString: strerror(errno))) }
        }
        return status
    }

    private static func withStrings<Result>(
        _ texts: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
    ) -> Result {
        var pointers = texts.map { strdup($0) } + [nil]
        defer { pointers.forEach { free($0) } }
        return body(&pointers)
    }
}
