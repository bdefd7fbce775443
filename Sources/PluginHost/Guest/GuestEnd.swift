/// Why a guest can be talked to no longer.
enum GuestEnd: Error, Hashable {
    /// Its process ended or closed its channel.
    case gone
    /// The job was cancelled.
    case cancelled
    /// It did not answer in time.
    case timedOut
    /// It sent what the protocol does not know; the text says what.
    case garbage(String)
}

/// How a process ended.
enum ExitReason: Hashable, CustomStringConvertible {
    case status(Int32)
    case signal(Int32)

    /// - Parameters:
    ///   - code: As `cs_exit_code` gives it: the status, or minus the signal's number.
    ///   - isOfSandbox: A status above 128 tells of a signal then, as a shell does.
    init(code: Int32, isOfSandbox: Bool = false) {
        if isOfSandbox, code > 128 {
            self = .signal(code - 128)
        } else {
            self = code < 0 ? .signal(-code) : .status(code)
        }
    }

    private static let names: [Int32: String] = [
        1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 4: "SIGILL", 5: "SIGTRAP", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE",
        9: "SIGKILL", 10: "SIGUSR1", 11: "SIGSEGV", 12: "SIGUSR2", 13: "SIGPIPE", 14: "SIGALRM", 15: "SIGTERM",
        24: "SIGXCPU", 25: "SIGXFSZ", 31: "SIGSYS",
    ]

    var description: String {
        switch self {
        case .status(let status): return "exit status \(status)"
        case .signal(let number): return "killed by \(Self.names[number].map { "\($0), " } ?? "")signal \(number)"
        }
    }
}

/// How a guest's process ended.
struct GuestExit: Hashable, Sendable, CustomStringConvertible {
    var reason: ExitReason
    /// It needed no SIGKILL of ours.
    var wasByItself: Bool
    /// Most resident memory in bytes, of itself and of children that it waited for.
    var peakBytes: Int64?
    /// There if the kernel killed for memory while it lived.
    var memoryKills: MemoryKills?

    /// The signal that ended it, unless that was ours.
    var signal: Int? {
        if case .signal(let number) = reason, wasByItself { Int(number) } else { nil }
    }

    var description: String {
        guard reason == .signal(9) else { return "\(reason)" }
        let peak = peakBytes.map { ", with at most \(Self.mebibytes($0)) resident" } ?? ""
        guard let memoryKills else {
            return "\(reason)\(peak): by somebody, or by the kernel for memory; its log says which (dmesg)"
        }
        let limit = memoryKills.limitBytes.map { "; the limit of its control group is \(Self.mebibytes($0))" } ?? ""
        return
            "\(reason)\(peak): out of memory, the kernel says\(limit). Give the worker fewer slots or more memory, or "
            + "let the plugin yield smaller parts"
    }

    private static func mebibytes(_ bytes: Int64) -> String { "\((bytes + (1 << 19)) >> 20) MiB" }
}
