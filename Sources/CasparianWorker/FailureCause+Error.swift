import CasparianModel
import CasparianPluginRuntime
import CasparianSinks

extension FailureCause {
    /// What kind of failure an error is that ended a job.
    init(of error: any Error) {
        switch error {
        case let error as PluginError: self = error.cause
        case let error as SourceFileError: self = error.isChange ? .changed : .file
        case is ContractBreach: self = .contract
        case let error as SinkError: self = Self.cause(of: error)
        // Whatever else is thrown between a plugin and the promotion comes from storage.
        default: self = Self.tellsOfFullDisk("\(error)") ? .full : .sink
        }
    }

    private static func cause(of error: SinkError) -> FailureCause {
        if error.isBusy { return .busy }
        switch error.code {
        case .io where tellsOfFullDisk(error.message): return .full
        case .invalidURI, .unknownScheme: return .configuration
        case .unreachable: return .unreachable
        case .reservedColumn: return .plugin
        default: return error.isTransient ? .unreachable : .sink
        }
    }

    /// The words of the C library (ENOSPC, EDQUOT), of SQLite and of the servers: below a sink only they are left.
    private static let fullDiskWords = [
        "No space left on device", "Disk quota exceeded", "disk full", "is full",
    ]

    private static func tellsOfFullDisk(_ text: String) -> Bool { fullDiskWords.contains { text.contains($0) } }
}

/// Rows or columns do not fit a topic's contract.
struct ContractBreach: Error, CustomStringConvertible {
    let error: SinkError
    var description: String { "\(error)" }
}
