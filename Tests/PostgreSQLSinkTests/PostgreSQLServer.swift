import CasparianTestKit
import Foundation
import Synchronization

/// A PostgreSQL server on a free port of 127.0.0.1, with its data in a fresh folder. It ends with this process, however
/// that ends: a shell waits for the end of a pipe that this process holds.
final class PostgreSQLServer: @unchecked Sendable {
    // Sendable: what changes is changed by one test only, or before anyone else has it.
    struct Failed: Error, CustomStringConvertible { let description: String }

    let port: Int
    let folder: TemporaryFolder
    private var process: Process?
    private var life: Pipe?
    private let configuration: [String]

    /// The one that tests share; they make databases of their own in it.
    static let shared = Result { try PostgreSQLServer() }

    /// Without it there is nothing to test with.
    static let programs: String? = {
        let root = "/usr/lib/postgresql"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        return versions.compactMap(Int.init).max().map { "\(root)/\($0)/bin" }
    }()

    /// - Parameter configuration: Further settings, `name=value`.
    init(_ configuration: [String] = []) throws {
        self.configuration = configuration
        folder = try TemporaryFolder()
        port = try FreePort.find()
        // The server refuses to run as root; then the data belongs to the user that Debian's package makes.
        if getuid() == 0, let user = getpwnam("postgres")?.pointee {
            chown(folder.path, user.pw_uid, user.pw_gid)
        }
        try Self.run(
            program("initdb") + ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"])
        try """
        host all guarded 127.0.0.1/32 scram-sha-256
        host all all 127.0.0.1/32 trust

        """.write(toFile: data + "/pg_hba.conf", atomically: false, encoding: .utf8)
        try start()
    }

    deinit {
        try? life?.fileHandleForWriting.close()
        process?.waitUntilExit()
    }

    private var data: String { folder.file("data") }

    private func program(_ name: String) -> [String] {
        let path = (Self.programs ?? "") + "/" + name
        return getuid() == 0
            ? ["/usr/bin/setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", path] : [path]
    }

    /// Told to stop it leaves the data; at the end of this process it leaves nothing. It was started with signals
    /// blocked, so that the shell's own `wait` would wait for ever.
    private static let keeper = """
        "$@" &
        read -r line || line=end
        kill -QUIT $!
        while [ -e "$0/data/postmaster.pid" ]; do sleep 0.02; done
        if [ "$line" = end ]; then rm -rf "$0"; fi
        """

    func start() throws {
        let settings =
            [
                "port=\(port)", "listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off", "autovacuum=off",
                "max_connections=60", "shared_buffers=32MB", "log_min_messages=panic",
            ] + configuration
        let command = program("postgres") + ["-D", data] + settings.flatMap { ["-c", $0] }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", Self.keeper, folder.path] + command
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        let life = try ProcessStart.alone {
            let life = ProcessStart.pipe()
            // Other processes that tests start must not keep it open.
            _ = fcntl(life.fileHandleForWriting.fileDescriptor, F_SETFD, FD_CLOEXEC)
            process.standardInput = life
            try process.run()
            return life
        }
        self.process = process
        self.life = life
        try waitUntilReady()
    }

    /// As a crash would: nothing is written any more.
    func stop() {
        try? life?.fileHandleForWriting.write(contentsOf: Data("stop\n".utf8))
        process?.waitUntilExit()
        process = nil
    }

    private func waitUntilReady() throws {
        for _ in 0..<600 {
            if (try? psql("SELECT 1")) != nil { return }
            usleep(50_000)
        }
        throw Failed(description: "the server on port \(port) did not start in 30 s")
    }

    /// Runs SQL as the superuser; what it printed, without the last line end.
    @discardableResult
    func psql(_ sql: String, database: String = "postgres") throws -> String {
        try Self.run([
            "/usr/bin/psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", "\(port)", "-U",
            "postgres", "-d", database, "-c", sql,
        ])
    }

    @discardableResult
    static func run(_ command: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: command[0])
        process.arguments = Array(command.dropFirst())
        var environment = ProcessInfo.processInfo.environment
        environment["PGCLIENTENCODING"] = "UTF8"
        environment["LD_PRELOAD"] = nil
        process.environment = environment
        process.standardInput = FileHandle.nullDevice
        let output = try ProcessStart.alone {
            let output = ProcessStart.pipe()
            process.standardOutput = output
            process.standardError = output
            try process.run()
            return output
        }
        var text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failed(description: text) }
        if text.hasSuffix("\n") { text.removeLast() }
        return text
    }

    /// Takes connections, and nothing else; returns the port.
    static func listen(on descriptor: Int32) throws -> Int {
        let port = try bind(descriptor)
        guard Foundation.listen(descriptor, 5) == 0 else { throw Failed(description: "cannot listen") }
        return port
    }

    private static func bind(_ descriptor: Int32) throws -> Int {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Foundation.bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isBound else { throw Failed(description: "no free port: \(String(cString: strerror(errno)))") }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
