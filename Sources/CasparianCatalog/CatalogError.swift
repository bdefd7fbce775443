import CasparianModel

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

extension CatalogError {
    package static func pluginInUse(_ name: String, job: JobID) -> CatalogError {
        CatalogError(
            code: .inUse, subject: "plugin '\(name)'",
            message: "job \(job) refers to it; a plugin with jobs stays, set its tags to none to stop new ones")
    }

    package static func unknownRoot(_ id: SourceRootID) -> CatalogError {
        CatalogError(code: .invalid, subject: "source root \(id)", message: "there is no such root")
    }

    package static func unknownPlugin(_ name: String) -> CatalogError {
        CatalogError(
            code: .invalid, subject: "plugin '\(name)'",
            message: "it has no configuration; register it before jobs are queued for it")
    }

    package static func unknownVersion(_ id: FileVersionID) -> CatalogError {
        CatalogError(code: .invalid, subject: "file version \(id)", message: "there is no such version")
    }

    package static func unreadFile(_ path: String) -> CatalogError {
        CatalogError(
            code: .invalid, subject: "file '\(path)'",
            message: "no content of it is known yet, so its hash must be given")
    }
}
