import CasparianSinks

/// What PostgreSQL, or libpq, said no with.
struct ServerError: Error, Hashable, Sendable {
    /// SQLSTATE (https://www.postgresql.org/docs/15/errcodes-appendix.html); nil if there is none.
    var state: String?
    var message: String
    /// The connection is gone: nobody knows how its last statement ended.
    var isConnectionLost = false

    static let badPassword = "28P01"

    /// The same transaction, begun anew, may succeed at once: others were in the way.
    var isRetryable: Bool {
        guard let state, !isConnectionLost else { return false }
        // Serialisation failure, deadlock, lock not available; two sessions that made the same table.
        return state.hasPrefix("40") || state == "55P03" || ["42P07", "42P06", "23505", "42701"].contains(state)
    }

    /// The server is there, and will take connections soon.
    var isStarting: Bool { state == "57P03" }

    /// - Parameters:
    ///   - target: The URI.
    ///   - doing: What was tried, such as "staging".
    func sinkError(target: String, doing: String) -> SinkError {
        let (code, advice, isTransient) = verdict
        let reason = state.map { "\(message) (SQLSTATE \($0))" } ?? message
        return SinkError(
            code: code, target: target, message: "\(doing): \(reason)" + (advice.map { "; " + $0 } ?? ""),
            isTransient: isTransient)
    }

    private var verdict: (code: SinkError.Code, advice: String?, isTransient: Bool) {
        guard let state else { return (.unreachable, "check that the server runs and is reachable", true) }
        switch state {
        case "53100": return (.io, "the server's disk is full: make room and run the job again", true)
        case "53300": return (.unreachable, "raise the server's max_connections or use fewer slots", true)
        case "57014", "55P03": return (.unreachable, "end what holds the table for long, then try again", true)
        case "25006": return (.rejected, "the server takes no writes: name the primary, or a database that does", false)
        case "42501": return (.rejected, "grant the worker's user what is missing, or name another user", false)
        case "3D000": return (.rejected, "create the database or name another in the worker's configuration", false)
        case "54000", "54011", "54001": return (.rejected, "split the table, or write it to Parquet", false)
        case "22P05": return (.rejected, "the database's encoding is not UTF8; use one that is", false)
        default: break
        }
        switch state.prefix(2) {
        case "08", "57": return (.unreachable, "check that the server runs and is reachable", true)
        case "40", "53": return (.unreachable, "try again", true)
        case "58", "XX": return (.io, "look into the server's log", false)
        case "28":
            let advice = "check user and password in the worker's configuration, and the server's pg_hba.conf"
            return (.rejected, advice, false)
        default: return (.rejected, nil, isConnectionLost)
        }
    }
}
