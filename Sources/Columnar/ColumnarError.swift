import CArrow

/// Data could not be read, converted or written.
public struct ColumnarError: Error, Hashable, Sendable, CustomStringConvertible {
    public struct Code: Hashable, Sendable {
        private enum Kind { case io, malformed, typeConflict, unsupported, invalid, cancelled }
        private let kind: Kind
        /// The file system said no, or memory ran out.
        public static let io = Code(kind: .io)
        /// The bytes are not what the reader reads; `line` says where.
        public static let malformed = Code(kind: .malformed)
        /// A cell or column does not fit the type settled on.
        public static let typeConflict = Code(kind: .typeConflict)
        public static let unsupported = Code(kind: .unsupported)
        /// The caller's options or data make no sense.
        public static let invalid = Code(kind: .invalid)
        public static let cancelled = Code(kind: .cancelled)

        private init(kind: Kind) { self.kind = kind }

        init(_ code: Int32) {
            switch code {
            case Int32(CA_IO.rawValue): self = .io
            case Int32(CA_MALFORMED.rawValue): self = .malformed
            case Int32(CA_TYPE_CONFLICT.rawValue): self = .typeConflict
            case Int32(CA_UNSUPPORTED.rawValue): self = .unsupported
            case Int32(CA_CANCELLED.rawValue): self = .cancelled
            default: self = .invalid
            }
        }
    }

    public let code: Code
    /// The file, or what else it happened to; may be empty.
    public let subject: String
    /// 1-based line of the file, where one is known.
    public let line: Int64?
    /// Arrow's or the reader's reason.
    public let message: String
    /// With `.typeConflict` from a reader: column types with which the whole file can be read.
    public let widerTypes: [String: String]

    public init(code: Code, subject: String, line: Int64? = nil, message: String, widerTypes: [String: String] = [:]) {
        self.code = code
        self.subject = subject
        self.line = line
        self.message = message
        self.widerTypes = widerTypes
    }

    public var description: String {
        let place = subject + (line.map { (subject.isEmpty ? "line " : ", line ") + String($0) } ?? "")
        return place.isEmpty ? message : "\(place): \(message)"
    }
}

extension ColumnarError {
    /// Takes over and clears what the shim filled in.
    init(_ error: inout ca_error, subject: String) {
        let message = withUnsafeBytes(of: &error.message) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        let types = error.types.map { String(cString: $0) } ?? ""
        self.init(
            code: Code(error.code), subject: subject, line: error.line > 0 ? error.line : nil, message: message,
            widerTypes: NamedTypes.decode(types))
        ca_error_clear(&error)
    }
}

/// Calls the shim; nil or false becomes a Swift error.
func checked<Result>(
    _ subject: @autoclosure () -> String, _ body: (UnsafeMutablePointer<ca_error>) -> Result?
) throws(ColumnarError) -> Result {
    var error = ca_error()
    guard let result = body(&error) else { throw ColumnarError(&error, subject: subject()) }
    return result
}

/// The same for calls that say only whether they succeeded.
func checkedDone(
    _ subject: @autoclosure () -> String, _ body: (UnsafeMutablePointer<ca_error>) -> Bool
) throws(ColumnarError) {
    var error = ca_error()
    if !body(&error) { throw ColumnarError(&error, subject: subject()) }
}

/// Column names and types as the shim passes them: `name US type RS`.
enum NamedTypes {
    static func encode(_ types: [String: String]) -> String {
        types.sorted { $0.key < $1.key }.map { "\($0.key)\u{1F}\($0.value)\u{1E}" }.joined()
    }

    static func decode(_ text: String) -> [String: String] {
        var types: [String: String] = [:]
        for item in text.split(separator: "\u{1E}") {
            let parts = item.split(separator: "\u{1F}", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { types[String(parts[0])] = String(parts[1]) }
        }
        return types
    }
}
