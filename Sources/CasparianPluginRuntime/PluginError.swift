import CasparianModel

/// A plugin could not be found, loaded or run to its end.
public struct PluginError: Error, Hashable, Sendable, CustomStringConvertible {
    public struct Code: Hashable, Sendable {
        private enum Kind {
            case unknownPlugin, cannotLoad, failed, guestDied, guestGarbage, cancelled, unsupportedData, unreadable
        }
        private let kind: Kind
        /// No plugin of that name is offered here.
        public static let unknownPlugin = Code(kind: .unknownPlugin)
        /// Its module cannot be loaded: syntax error, missing import, no `Handler`.
        public static let cannotLoad = Code(kind: .cannotLoad)
        /// It raised; the message holds the whole traceback.
        public static let failed = Code(kind: .failed)
        /// Its process ended by itself: exit status or signal are in the message.
        public static let guestDied = Code(kind: .guestDied)
        /// Its process broke the guest protocol.
        public static let guestGarbage = Code(kind: .guestGarbage)
        /// It was stopped on request.
        public static let cancelled = Code(kind: .cancelled)
        /// It handed over something that is no table.
        public static let unsupportedData = Code(kind: .unsupportedData)
        /// The file cannot be read as what the plugin reads.
        public static let unreadable = Code(kind: .unreadable)

        fileprivate var cause: FailureCause {
            switch kind {
            case .unknownPlugin: .configuration
            case .cannotLoad, .failed, .unsupportedData: .plugin
            case .guestDied, .guestGarbage: .guest
            case .cancelled: .cancelled
            case .unreadable: .file
            }
        }
    }

    public let code: Code
    public let plugin: String
    /// What happened and what to do next, for a person; a traceback where there is one.
    public let message: String
    /// The end of what the plugin printed, bounded; empty if it printed nothing.
    public let logTail: String
    /// What kind of failure that is for who decides about another attempt.
    public let cause: FailureCause
    /// The signal that ended the plugin's process, if one did.
    public let exitSignal: Int?

    /// A `cause` of nil is what the code says by itself.
    public init(
        code: Code, plugin: String, message: String, logTail: String = "", cause: FailureCause? = nil,
        exitSignal: Int? = nil
    ) {
        self.code = code
        self.plugin = plugin
        self.message = message
        self.logTail = logTail
        self.cause = cause ?? code.cause
        self.exitSignal = exitSignal
    }

    public var description: String {
        let text = "plugin '\(plugin)': \(message)"
        return logTail.isEmpty ? text : text + "\n--- last output of the plugin ---\n" + logTail
    }
}
