/// Why an attempt failed, for whoever decides whether another one can help: one word of CONCLUDE's `cause`.
public enum FailureCause: String, Hashable, Sendable, CaseIterable, Codable {
    /// The plugin raised, or made what is no table.
    case plugin
    /// More rows broke the contract than it lets pass, or the columns did.
    case contract
    /// The file is gone or cannot be read.
    case file
    /// The file is not the version that the job is about: no failure of the plugin or of the data. The job is SKIPPED.
    case changed
    /// Unknown plugin, sink or option; nothing that another attempt could change.
    case configuration
    /// The plugin's process crashed or was killed.
    case guest
    /// The storage refused for good.
    case sink
    /// The storage cannot be reached now.
    case unreachable
    /// Another worker still holds what the job stages or promotes: one that was given up and is not dead.
    case busy
    /// A disk or a quota is full.
    case full
    /// The job took longer than its deadline.
    case deadline
    /// The job was told to stop.
    case cancelled

    /// Whether the same attempt may succeed later, with nobody having changed anything.
    public var isTransient: Bool {
        switch self {
        case .guest, .unreachable, .busy, .full: true
        case .plugin, .contract, .file, .changed, .configuration, .sink, .deadline, .cancelled: false
        }
    }
}
