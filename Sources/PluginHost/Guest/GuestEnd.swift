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

    /// - Parameter code: As `cs_exit_code` gives it: the status, or minus the signal's number.
    init(code: Int32) { self = code < 0 ? .signal(-code) : .status(code) }

    private static let names: [Int32: String] = [
        1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 4: "SIGILL", 5: "SIGTRAP", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE",
        9: "SIGKILL", 10: "SIGUSR1", 11: "SIGSEGV", 12: "SIGUSR2", 13: "SIGPIPE", 14: "SIGALRM", 15: "SIGTERM",
        24: "SIGXCPU", 25: "SIGXFSZ", 31: "SIGSYS",
    ]

    var description: String {
        switch self {
        case .status(let status): return "exit status \(status)"
        case .signal(let number):
            let name = Self.names[number] ?? "signal \(number)"
            return number == 9 ? "killed by \(name) (out of memory, or by someone)" : "killed by \(name)"
        }
    }
}
