/// Frames that are no protocol v4 message.
public struct WireError: Error, Hashable, Sendable, CustomStringConvertible {
    public struct Code: Hashable, Sendable {
        private enum Kind { case frames, header, version, opcode, length, oversized, json, shape }
        private let kind: Kind
        /// Fewer than two frames.
        public static let frames = Code(kind: .frames)
        /// The header is not 16 bytes.
        public static let header = Code(kind: .header)
        public static let version = Code(kind: .version)
        public static let opcode = Code(kind: .opcode)
        /// The header's length is not the payload's.
        public static let length = Code(kind: .length)
        /// The payload is larger than the receiver accepts.
        public static let oversized = Code(kind: .oversized)
        /// The payload is not UTF-8 JSON.
        public static let json = Code(kind: .json)
        /// The JSON is not an object of the operation's shape.
        public static let shape = Code(kind: .shape)
    }

    public let code: Code
    public let message: String

    public init(code: Code, message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}
