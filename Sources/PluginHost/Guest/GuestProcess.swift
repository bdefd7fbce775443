import CLinux
import CasparianModel
import Foundation
import Synchronization

/// A guest: its process group, its channel and its log. Talked to by one thread at a time.
final class GuestProcess: Sendable {
    let channel: GuestChannel
    let log: GuestLog
    private let pid: pid_t
    private let mark: GuestMark
    private let limits: GuestLimits
    private let isEnded = Once()
    private let jobs = Atomic(0)
    /// Whether a job was limited, so that the next one's limits have to be set, even if it has none.
    private let isLimited = Atomic(false)
    /// When it was started.
    private let memoryKills = MemoryKills.read()

    private init(pid: pid_t, mark: GuestMark, limits: GuestLimits, channel: GuestChannel, log: GuestLog) {
        self.pid = pid
        self.mark = mark
        self.limits = limits
        self.channel = channel
        self.log = log
    }

    /// A guest that is dropped leaves no process behind.
    deinit { stop(politely: false) }

    /// Starts a guest and waits for its first frame.
    ///
    /// - Throws: `GuestStartError`, `GuestStartFailure` with what it printed, or `GuestEnd.cancelled`.
    static func start(_ command: GuestCommand, cancel: CancelSignal) throws -> GuestProcess {
        let guest = try GuestSpawner.shared.perform { Result { () throws(GuestStartError) in try spawn(command) } }
            .get()
        do {
            let frame = try guest.channel.receive(cancel: cancel, deadline: .now + command.limits.start)
            guard case .hello(let hello) = frame, hello.protocol == 1 else {
                throw GuestEnd.garbage("its first frame is no greeting of protocol 1")
            }
            return guest
        } catch GuestEnd.cancelled {
            guest.stop(politely: false)
            throw GuestEnd.cancelled
        } catch {
            let reason = guest.stop(politely: error as? GuestEnd == .gone)
            throw GuestStartFailure(command: command, end: error, reason: reason, printed: guest.log.tail())
        }
    }

    private static func spawn(_ command: GuestCommand) throws(GuestStartError) -> GuestProcess {
        var sockets: [Int32] = [0, 0]
        var pipe: [Int32] = [0, 0]
        var reason = cs_socket_pair(&sockets, GuestLimits.socketBytes)
        guard reason == 0 else { throw GuestStartError(call: "socketpair", errno: reason) }
        reason = cs_pipe(&pipe)
        guard reason == 0 else {
            sockets.forEach { close($0) }
            throw GuestStartError(call: "pipe", errno: reason)
        }
        var pid: pid_t = 0
        let texts = [command.program] + command.arguments
        let mark = GuestMark()
        let environment = command.environment.merging([GuestMark.variable: mark.text]) { $1 }
        let variables = environment.map { "\($0.key)=\($0.value)" }.sorted()
        reason = withCStrings(texts) { arguments in
            withCStrings(variables) { cs_spawn(command.program, arguments, $0, sockets[1], pipe[1], &pid) }
        }
        close(sockets[1])
        close(pipe[1])
        let descriptor = reason == 0 ? cs_pidfd_open(pid) : -1
        if reason == 0, descriptor < 0 {
            reason = -descriptor
            kill(-pid, SIGKILL)
            waitpid(pid, nil, 0)
        }
        guard reason == 0 else {
            close(sockets[0])
            close(pipe[0])
            throw GuestStartError(call: "starting \(command.program)", errno: reason)
        }
        let log: GuestLog
        do {
            log = try GuestLog(source: pipe[0])
        } catch {
            kill(-pid, SIGKILL)
            waitpid(pid, nil, 0)
            for open in [sockets[0], pipe[0], descriptor] { close(open) }
            throw error
        }
        return GuestProcess(
            pid: pid, mark: mark, limits: command.limits,
            channel: GuestChannel(socket: sockets[0], process: descriptor), log: log)
    }

    var hasEnded: Bool { isReadable(channel.process, for: .zero) }

    /// Counts a job; true when the process is to be replaced.
    func isWorn(residentBytes: Int64?) -> Bool {
        let count = jobs.add(1, ordering: .relaxed).newValue
        return count >= limits.jobsMax || (residentBytes ?? 0) > limits.residentBytesMax
    }

    /// A job begins: what it prints, and what it takes of the machine, are counted from here.
    ///
    /// - Throws: `GuestEnd.gone` when the process has ended, `GuestStartError` when the system does not set the limits.
    func beginJob(_ resources: ResourceLimits) throws {
        log.reset()
        GuestMemory.resetPeak(pid)
        guard resources != ResourceLimits() || isLimited.load(ordering: .relaxed) else { return }
        isLimited.store(resources != ResourceLimits(), ordering: .relaxed)
        var bytes: Int64 = -1
        if let mebibytes = resources.memoryMebibytes {
            guard let now = GuestMemory.allocatedBytes(pid) else { throw GuestEnd.gone }
            bytes = now + Int64(mebibytes) << 20
        }
        let reason = cs_limit(pid, bytes, resources.cpuSeconds.map(Int64.init) ?? -1)
        guard reason != 0 else { return }
        if hasEnded { throw GuestEnd.gone }
        throw GuestStartError(call: "prlimit", errno: reason)
    }

    /// The processes of its group that live now. One that called setsid is not among them.
    var group: [ProcessEntry] { ProcessEntry.all().filter { $0.group == pid && !$0.isZombie } }

    /// Ends its group at once; not to be called after `stop`.
    func killGroup() { kill(-pid, SIGKILL) }

    /// Most resident memory since `beginJob` in bytes; nil if the process has ended.
    var peakBytes: Int64? { GuestMemory.peakBytes(pid) }

    /// Ends the process, its group and everything else that it has started; nothing of it is left when this returns.
    ///
    /// - Parameter politely: Closes the channel first and lets the process end by itself; else SIGTERM to all of them.
    ///   SIGKILL after the grace, to what is left.
    /// - Returns: How the process ended, or nil if this was called before.
    @discardableResult
    func stop(politely: Bool) -> GuestExit? {
        guard isEnded.first() else { return nil }
        var family = GuestFamily(leader: pid, mark: mark)
        if politely {
            // Who is whose child is lost with the parent.
            if !hasEnded { _ = family.living() }
            shutdown(channel.socket, Int32(SHUT_RDWR))
        } else {
            family.signalOutsideGroup(SIGTERM)
            // To the group last: a leader that ends at once leaves children that nobody knows to be its own.
            kill(-pid, SIGTERM)
        }
        let endedByItself = isReadable(channel.process, for: limits.grace)
        // The leader is not reaped yet, so that the group's number cannot belong to anyone else.
        kill(-pid, SIGKILL)
        family.end()
        var status: Int32 = 0
        var usage = rusage()
        while wait4(pid, &status, 0, &usage) < 0 && errno == EINTR {}
        _ = log.tail()
        log.close()
        close(channel.socket)
        close(channel.process)
        let kills = MemoryKills.read()
        return GuestExit(
            reason: ExitReason(code: cs_exit_code(status)), wasByItself: endedByItself,
            peakBytes: usage.ru_maxrss > 0 ? Int64(usage.ru_maxrss) * 1024 : nil,
            memoryKills: (kills?.count ?? 0) > (memoryKills?.count ?? .max) ? kills : nil)
    }

    private func isReadable(_ descriptor: Int32, for duration: Duration) -> Bool {
        let deadline = ContinuousClock.now + duration
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while true {
            let left = ContinuousClock.now.duration(to: deadline)
            let count = poll(&entry, 1, left.milliseconds)
            if count >= 0 || errno != EINTR { return count > 0 }
        }
    }
}

/// A guest's process was started and did not get as far as its greeting.
struct GuestStartFailure: Error, CustomStringConvertible {
    let command: GuestCommand
    let end: any Error
    let reason: GuestExit?
    let printed: String

    var description: String {
        let what: String =
            switch end {
            case GuestEnd.timedOut: "did not answer within \(command.limits.start)"
            case GuestEnd.garbage(let text): "broke the guest protocol: \(text)"
            default: "ended before it was ready, \(reason?.description ?? "reason unknown")"
            }
        return "\(command.program) \(command.arguments.joined(separator: " ")) \(what)"
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
