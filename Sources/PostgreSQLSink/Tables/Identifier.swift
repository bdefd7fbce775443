/// The name of a schema, table or column. Always quoted in SQL, so that case, keywords and signs are kept.
struct Identifier: Hashable, Sendable, CustomStringConvertible {
    let name: String

    /// NAMEDATALEN - 1: PostgreSQL cuts what is longer without an error.
    static let bytesMax = 63

    init(_ name: String) { self.name = name }

    // Byte by byte, as PostgreSQL compares: Swift takes "é" for "e" with an accent after it.
    static func == (left: Identifier, right: Identifier) -> Bool { left.name.utf8.elementsEqual(right.name.utf8) }
    func hash(into hasher: inout Hasher) { for byte in name.utf8 { hasher.combine(byte) } }

    var quoted: String { "\"" + name.replacing("\"", with: "\"\"") + "\"" }
    var description: String { name }

    /// Why PostgreSQL cannot have it; nil if it can.
    var problem: String? {
        let size = name.utf8.count
        if size == 0 { return "is empty, which PostgreSQL does not allow" }
        if name.utf8.contains(0) { return "holds NUL, which PostgreSQL does not allow" }
        if size > Self.bytesMax {
            return "has \(size) bytes, and PostgreSQL would cut it to \(Self.bytesMax); shorten it"
        }
        return nil
    }
}
