import CLinux
import Foundation

extension GuestProcess {
    /// What a process is started with, and what belongs to it alone.
    private struct Launch {
        let mark = GuestMark()
        var scratch: Scratch?
        var environment: [String: String]
        /// The program's path, then its arguments.
        var texts: [String]

        init(_ command: GuestCommand) throws(GuestStartError) {
            environment = command.environment.merging([GuestMark.variable: mark.text]) { $1 }
            texts = [command.program] + command.arguments
            guard let sandbox = command.sandbox else { return }
            let folder = try Scratch(mark, in: Scratch.folder(command.environment))
            for name in ["TMPDIR", "TMP", "TEMP"] { environment[name] = folder.path }
            let arguments = sandbox.arguments(scratch: folder.path, allowsNetwork: command.allowsNetwork)
            texts = [sandbox.program] + arguments + texts
            scratch = folder
        }
    }

    /// Starts the process; it has said nothing yet.
    static func spawn(_ command: GuestCommand) throws(GuestStartError) -> GuestProcess {
        let launch = try Launch(command)
        var open: [Int32] = []
        var isStarted = false
        defer {
            if !isStarted {
                open.forEach { close($0) }
                launch.scratch?.remove()
            }
        }
        var sockets: [Int32] = [0, 0]
        var pipe: [Int32] = [0, 0]
        var reason = cs_socket_pair(&sockets, GuestLimits.socketBytes)
        guard reason == 0 else { throw GuestStartError(call: "socketpair", errno: reason) }
        open.append(sockets[0])
        reason = cs_pipe(&pipe)
        guard reason == 0 else {
            close(sockets[1])
            throw GuestStartError(call: "pipe", errno: reason)
        }
        open.append(pipe[0])
        var pid: pid_t = 0
        let variables = launch.environment.map { "\($0.key)=\($0.value)" }.sorted()
        reason = withCStrings(launch.texts) { arguments in
            withCStrings(variables) { cs_spawn(launch.texts[0], arguments, $0, sockets[1], pipe[1], &pid) }
        }
        close(sockets[1])
        close(pipe[1])
        guard reason == 0 else { throw GuestStartError(call: "starting \(launch.texts[0])", errno: reason) }
        defer {
            if !isStarted {
                kill(-pid, SIGKILL)
                waitpid(pid, nil, 0)
            }
        }
        let descriptor = cs_pidfd_open(pid)
        guard descriptor >= 0 else { throw GuestStartError(call: "pidfd_open", errno: -descriptor) }
        open.append(descriptor)
        let log = try GuestLog(source: pipe[0])
        isStarted = true
        return GuestProcess(
            pid: pid, mark: launch.mark, scratch: launch.scratch, limits: command.limits,
            channel: GuestChannel(socket: sockets[0], process: descriptor), log: log)
    }
}

/// Calls `body` with a null-terminated array of C strings.
private func withCStrings<Result>(
    _ texts: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
    let copies = texts.map { strdup($0) } + [nil]
    defer { copies.forEach { free($0) } }
    return copies.withUnsafeBufferPointer { buffer in
        guard let start = buffer.baseAddress else { preconditionFailure("the array ends with nil") }
        return body(start)
    }
}
