import CLinux
import CasparianModel
import Foundation
import Synchronization

/// A guest: its process group, its channel and its log. Talked to by one thread at a time.
final class GuestProcess: Sendable {
    let channel: GuestChannel
    let log: GuestLog
    /// The process that was started, which leads the group; in a sandbox, the program that keeps it.
    private let leader: pid_t
    /// The one that speaks; the leader itself without a sandbox.
    private let speaker = Atomic<pid_t>(0)
    private let scratch: Scratch?
    /// Hashes of the plugin sources that it has been sent.
    private let sent = Mutex<Set<String>>([])
    /// Of the speaker, in bytes, as the last look found it.
    private let sampledPeak = Atomic<Int64>(0)
    private let mark: GuestMark
    private let limits: GuestLimits
    private let isEnded = Once()
    private let jobs = Atomic(0)
    /// Whether a job was limited, so that the next one's limits have to be set, even if it has none.
    private let isLimited = Atomic(false)
    /// When it was started.
    private let memoryKills = MemoryKills.read()

    init(
        pid: pid_t, mark: GuestMark, scratch: Scratch?, limits: GuestLimits, channel: GuestChannel, log: GuestLog
    ) {
        leader = pid
        speaker.store(pid, ordering: .relaxed)
        self.scratch = scratch
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
            if guest.isInSandbox { guest.findSpeaker() }
            guest.loadsAhead.store(hello.loads == true, ordering: .relaxed)
            return guest
        } catch GuestEnd.cancelled {
            guest.stop(politely: false)
            throw GuestEnd.cancelled
        } catch {
            let reason = guest.stop(politely: error as? GuestEnd == .gone)
            throw GuestStartFailure(command: command, end: error, reason: reason, printed: guest.log.tail())
        }
    }

    /// Whether it can be told to load a plugin before a job asks for it.
    let loadsAhead = Atomic(false)

    var isInSandbox: Bool { scratch != nil }
    private var pid: pid_t { speaker.load(ordering: .relaxed) }

    /// In a sandbox the leader keeps the first process of the sandbox's own numbering, and that one the guest.
    private func findSpeaker() {
        let all = ProcessEntry.all()
        let keeper = all.first { $0.parent == leader }
        if let found = all.first(where: { $0.parent == keeper?.pid }) { speaker.store(found.pid, ordering: .relaxed) }
    }

    /// Whether a plugin's source has to be sent; true once for each hash.
    func needs(source hash: String) -> Bool { sent.withLock { $0.insert(hash).inserted } }

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
        sampledPeak.store(0, ordering: .relaxed)
        guard resources.boundsProcess || isLimited.load(ordering: .relaxed) else { return }
        isLimited.store(resources.boundsProcess, ordering: .relaxed)
        var bytes: Int64 = -1
        if let mebibytes = resources.memoryMebibytes {
            guard let now = GuestMemory.allocatedBytes(pid) else { throw GuestEnd.gone }
            bytes = now + Int64(mebibytes) << 20
        }
        let reason = cs_limit(
            pid, bytes, resources.cpuSeconds.map(Int64.init) ?? -1, Int64(resources.openFiles ?? Self.openFilesMax))
        guard reason != 0 else { return }
        if hasEnded { throw GuestEnd.gone }
        throw GuestStartError(call: "prlimit", errno: reason)
    }

    /// What a guest has of this process without a limit of its own.
    private static var openFilesMax: Int {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return Int(clamping: limit.rlim_cur)
    }

    /// The processes of its group that live now. One that called setsid is not among them.
    /// What keeps a sandbox is not counted.
    var group: [ProcessEntry] {
        let all = ProcessEntry.all().filter { $0.group == leader && !$0.isZombie }
        return isInSandbox ? all.filter { $0.pid != leader && $0.parent != leader } : all
    }

    /// Ends its group at once; not to be called after `stop`.
    func killGroup() { kill(-leader, SIGKILL) }

    /// What it holds now, in bytes; 0 if it has ended.
    var residentBytes: Int64 { GuestMemory.residentBytes(pid) ?? 0 }

    /// Takes note of the peak, which cannot be asked for once the process has ended.
    func samplePeak() {
        if let bytes = GuestMemory.peakBytes(pid) { sampledPeak.store(bytes, ordering: .relaxed) }
    }

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
        var family = GuestFamily(leader: leader, mark: mark)
        if politely {
            // Who is whose child is lost with the parent.
            if !hasEnded { _ = family.living() }
            shutdown(channel.socket, Int32(SHUT_RDWR))
        } else {
            family.signalOutsideGroup(SIGTERM)
            // To the group last: a leader that ends at once leaves children that nobody knows to be its own.
            kill(-leader, SIGTERM)
        }
        let endedByItself = isReadable(channel.process, for: limits.grace)
        // The leader is not reaped yet, so that the group's number cannot belong to anyone else.
        kill(-leader, SIGKILL)
        family.end()
        var status: Int32 = 0
        var usage = rusage()
        while wait4(leader, &status, 0, &usage) < 0 && errno == EINTR {}
        _ = log.tail()
        log.close()
        close(channel.socket)
        close(channel.process)
        scratch?.remove()
        let kills = MemoryKills.read()
        // What keeps a sandbox is waited for, not the guest itself.
        let waited = isInSandbox ? 0 : Int64(usage.ru_maxrss) * 1024
        let peak = max(waited, sampledPeak.load(ordering: .relaxed))
        return GuestExit(
            reason: ExitReason(code: cs_exit_code(status), isOfSandbox: isInSandbox), wasByItself: endedByItself,
            peakBytes: peak > 0 ? peak : nil,
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
