/// Paths as texts that lose nothing.
///
/// On Linux a file's name is any bytes but `/` and NUL; catalogs, messages and tables hold text. Bytes that are UTF-8 stay
/// as they are. Each other byte becomes `\x` and two upper-case hex digits, and a backslash that would read like the
/// beginning of such an escape becomes `\x5C`, so that every name has one text and every text leads back to its name.
public enum PathText {
    private static let backslash = UInt8(ascii: "\\")

    /// The text of a path's bytes.
    public static func text(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
        if bytes.contains(backslash) { return escaped(bytes) }
        return String(validating: bytes, as: UTF8.self) ?? escaped(bytes)
    }

    /// The text of a path's bytes.
    public static func text(_ bytes: [UInt8]) -> String { bytes.withUnsafeBufferPointer { text($0) } }

    /// The bytes that a text stands for, without a NUL at the end.
    public static func bytes(_ text: String) -> [UInt8] {
        let raw = Array(text.utf8)
        guard raw.contains(backslash) else { return raw }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(raw.count)
        var index = 0
        while index < raw.count {
            if let value = escape(raw[index...]) {
                bytes.append(value)
                index += 4
            } else {
                bytes.append(raw[index])
                index += 1
            }
        }
        return bytes
    }

    /// Whether the text is not the name itself, so that who opens it as it stands finds nothing.
    public static func isEscaped(_ text: String) -> Bool {
        guard text.utf8.contains(backslash) else { return false }
        return !bytes(text).elementsEqual(text.utf8)
    }

    /// Calls `body` with the path that a text stands for, as the system wants it: ended by a NUL.
    public static func withSystemPath<Result>(_ text: String, _ body: (UnsafePointer<CChar>) throws -> Result) rethrows
        -> Result
    {
        guard isEscaped(text) else { return try text.withCString(body) }
        let path = (bytes(text) + [0]).map { CChar(bitPattern: $0) }
        return try path.withUnsafeBufferPointer { try body($0.baseAddress!) }
    }

    /// The byte that the escape at the beginning of `bytes` stands for; nil if there is none.
    private static func escape(_ bytes: some Collection<UInt8>) -> UInt8? {
        var iterator = bytes.makeIterator()
        guard iterator.next() == backslash, iterator.next() == UInt8(ascii: "x"),
            let high = digit(iterator.next()), let low = digit(iterator.next())
        else { return nil }
        return high << 4 | low
    }

    private static func digit(_ byte: UInt8?) -> UInt8? {
        switch byte {
        case .some(let byte) where (48...57).contains(byte): byte - 48
        case .some(let byte) where (65...70).contains(byte): byte - 55
        default: nil
        }
    }

    private static func escaped(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
        var text: [UInt8] = []
        var rest = bytes[...]
        func escape(_ byte: UInt8) {
            let digits = Array("0123456789ABCDEF".utf8)
            text += [backslash, UInt8(ascii: "x"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
        while let first = rest.first {
            if first < 0x80 {
                if Self.escape(rest) != nil { escape(first) } else { text.append(first) }
                rest = rest.dropFirst()
                continue
            }
            let length = min(rest.count, first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2)
            let character = rest.prefix(length)
            if String(validating: character, as: UTF8.self) != nil {
                text += character
                rest = rest.dropFirst(length)
            } else {
                escape(first)
                rest = rest.dropFirst()
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
