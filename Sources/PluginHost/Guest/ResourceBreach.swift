import CasparianModel

/// A limit that a plugin met, as far as its end tells.
struct ResourceBreach: Hashable {
    /// Names the limit, what was used and how to set another.
    let message: String
    /// Nil where the end of the process says it.
    let cause: FailureCause?

    /// - Parameters:
    ///   - exit: How the plugin's process ended; nil if nobody knows.
    ///   - resources: What it was allowed.
    init?(_ exit: GuestExit?, _ resources: ResourceLimits) {
        guard let signal = exit?.signal else { return nil }
        switch signal {
        case 24:
            guard let seconds = resources.cpuSeconds else { return nil }
            message = "it used up the \(seconds) s of processor time that it may use (plugins set --cpu)"
            // Another attempt would take as long.
            cause = .deadline
        case 6, 11:
            guard let limit = resources.memoryMebibytes else { return nil }
            message = "native code ends so when memory is refused, and it " + Self.memory(limit, exit?.peakBytes)
            cause = nil
        default: return nil
        }
    }

    /// - Parameters:
    ///   - failure: The plugin's traceback.
    ///   - resources: What it was allowed.
    ///   - peakBytes: Most resident memory of its process.
    init?(failure: String, _ resources: ResourceLimits, peakBytes: Int64?) {
        guard let line = failure.split(separator: "\n").last else { return nil }
        if let limit = resources.openFiles, line.contains("[Errno 24]") {
            message = "its process may have \(limit) files open at once (plugins set --open-files)"
            cause = nil
            return
        }
        guard let limit = resources.memoryMebibytes,
            ["MemoryError", "can't start new thread", "Cannot allocate memory", "bad_alloc"].contains(
                where: line.contains)
        else { return nil }
        message = "the plugin " + Self.memory(limit, peakBytes)
        cause = nil
    }

    /// Its processes were ended since there were too many.
    init(processes: Int, processesMax: Int) {
        message =
            "it had \(processes) processes at once, and may have \(processesMax) (plugins set --processes); they were "
            + "ended"
        cause = .plugin
    }

    /// Its processes were ended since they held too much.
    init(heldBytes: Int64, memoryMebibytes: Int) {
        message =
            "its processes held \(heldBytes >> 20) MiB together; they may allocate \(memoryMebibytes) MiB "
            + "(plugins set --memory) and were ended"
        cause = .plugin
    }

    private static func memory(_ mebibytes: Int, _ peakBytes: Int64?) -> String {
        "may allocate \(mebibytes) MiB (plugins set --memory)"
            + (peakBytes.map { "; its process had \($0 >> 20) MiB resident at most" } ?? "")
    }
}
