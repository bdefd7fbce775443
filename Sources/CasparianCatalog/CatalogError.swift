/// The state database could not be read or written.
public struct CatalogError: Error, Hashable, Sendable, CustomStringConvertible {
    public struct Code: Hashable, Sendable {
        private enum Kind { case cannotOpen, busy, full, corrupt, invalid, inUse, io }
        private let kind: Kind
        public static let cannotOpen = Code(kind: .cannotOpen)
        /// Another process held the write lock for longer than the busy timeout.
        public static let busy = Code(kind: .busy)
        public static let full = Code(kind: .full)
        public static let corrupt = Code(kind: .corrupt)
        /// The caller's value does not fit: too long, not absolute, unknown id.
        public static let invalid = Code(kind: .invalid)
        /// Something else refers to it.
        public static let inUse = Code(kind: .inUse)
        public static let io = Code(kind: .io)
    }

    public let code: Code
    /// The database file or the thing in it.
    public let subject: String
    /// The reason and the next step.
    public let message: String
    public let isTransient: Bool

    public init(code: Code, subject: String, message: String, isTransient: Bool = false) {
        self.code = code
        self.subject = subject
        self.message = message
        self.isTransient = isTransient
    }

    public var description: String { "\(subject): \(message)" }
}
