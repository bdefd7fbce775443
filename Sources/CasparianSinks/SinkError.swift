/// A job's output could not be staged or promoted.
public struct SinkError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What went wrong, for code that must decide what to do next.
    public struct Code: Hashable, Sendable {
        private enum Kind {
            case invalidURI, unknownScheme, unreachable, incompatibleColumn, reservedColumn, rejected, io
        }
        private let kind: Kind
        /// The URI cannot be understood.
        public static let invalidURI = Code(kind: .invalidURI)
        /// No sink of this worker serves the scheme.
        public static let unknownScheme = Code(kind: .unknownScheme)
        /// The target did not answer; the same call may succeed later.
        public static let unreachable = Code(kind: .unreachable)
        /// A column's type does not fit the target's.
        public static let incompatibleColumn = Code(kind: .incompatibleColumn)
        /// The plugin made a column with a name that belongs to lineage.
        public static let reservedColumn = Code(kind: .reservedColumn)
        /// The target refused, for example mode=error and rows are there.
        public static let rejected = Code(kind: .rejected)
        /// The file system said no: full disk, permission.
        public static let io = Code(kind: .io)
    }

    public let code: Code
    /// The URI or path it happened to.
    public let target: String
    /// The reason and the next step, for a person.
    public let message: String
    /// True if the same attempt may succeed later.
    public let isTransient: Bool
    /// True if another attempt of the same job holds what this one needs; then it is transient, too.
    public let isBusy: Bool

    public init(code: Code, target: String, message: String, isTransient: Bool = false, isBusy: Bool = false) {
        self.isBusy = isBusy
        self.code = code
        self.target = target
        self.message = message
        self.isTransient = isTransient || isBusy
    }

    public var description: String { "sink \(target): \(message)" }
}
