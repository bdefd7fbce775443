extension ContractType {
    /// Reads a name as people, Arrow and databases write it (docs/sinks.md#contracts).
    ///
    /// - Throws: `ContractError` that says which names there are.
    public init(_ text: String) throws(ContractError) {
        let written = WrittenType(text)
        if written.arguments.isEmpty, let type = Self.plainNames[written.head] {
            self = type
            return
        }
        switch written.head {
        case "decimal", "numeric", "decimal32", "decimal64", "decimal128", "decimal256":
            self = try Self.decimal(written, text)
        case "time", "time32", "time64":
            guard written.arguments.count == 1 else { throw Self.unknown(text) }
            self = .time(try Self.unit(written.arguments[0], text))
        case "timestamp", "datetime", "timestamp without time zone", "timestamptz", "timestamp with time zone":
            self = try Self.timestamp(written, text)
        case "date32" where written.arguments == ["day"], "date64" where written.arguments == ["ms"]: self = .date
        case "string", "text", "varchar", "nvarchar", "char":
            throw ContractError(message: "type '\(text)': lengths are not checked; write string")
        case "list", "struct", "map", "array", "object", "dictionary":
            throw ContractError(
                message: "type '\(text)': nested types have no names here; any leaves the column as it is, json makes "
                    + "it text")
        default: throw Self.unknown(text)
        }
    }

    private static let plainNames: [String: ContractType] = {
        var names: [String: ContractType] = [
            "any": .any, "bool": .bool, "boolean": .bool,
            "tinyint": .integer(bits: 8, isSigned: true), "smallint": .integer(bits: 16, isSigned: true),
            "int": .integer(bits: 64, isSigned: true), "integer": .integer(bits: 64, isSigned: true),
            "bigint": .integer(bits: 64, isSigned: true), "long": .integer(bits: 64, isSigned: true),
            "float": .float(bits: 64), "double": .float(bits: 64), "double precision": .float(bits: 64),
            "real": .float(bits: 64), "float32": .float(bits: 32), "float64": .float(bits: 64),
            "string": .string, "text": .string, "str": .string, "utf8": .string, "varchar": .string,
            "nvarchar": .string, "large_string": .string, "string_view": .string,
            "binary": .binary, "bytes": .binary, "blob": .binary, "large_binary": .binary,
            "json": .json, "jsonb": .json, "date": .date, "date32": .date, "date64": .date,
            "time": .time(.microseconds), "timestamp": .timestamp(.microseconds, zone: nil),
            "datetime": .timestamp(.microseconds, zone: nil),
            "timestamp without time zone": .timestamp(.microseconds, zone: nil),
            "timestamptz": .timestamp(.microseconds, zone: "UTC"),
            "timestamp with time zone": .timestamp(.microseconds, zone: "UTC"),
        ]
        for bits in [8, 16, 32, 64] {
            names["int\(bits)"] = .integer(bits: bits, isSigned: true)
            names["uint\(bits)"] = .integer(bits: bits, isSigned: false)
        }
        return names
    }()

    private static func unknown(_ text: String) -> ContractError {
        ContractError(
            message: "type '\(text)' is unknown; there are bool, int8 to int64, uint8 to uint64, float32, float64, "
                + "decimal(digits, digits after the point), string, binary, json, date, time[us], timestamp[us], "
                + "timestamp[us, UTC] with units s, ms, us, ns, and any")
    }

    private static func decimal(_ written: WrittenType, _ text: String) throws(ContractError) -> ContractType {
        let numbers = written.arguments.map { Int($0) }
        guard (1...2).contains(numbers.count), let precision = numbers[0],
            let scale = numbers.count == 2 ? numbers[1] : 0
        else {
            throw ContractError(
                message: "type '\(text)' needs its digits, such as decimal(12, 2): in all, after the point")
        }
        guard (1...precisionMax).contains(precision), (0...precision).contains(scale) else {
            throw ContractError(
                message:
                    "type '\(text)' cannot be: 1 to \(precisionMax) digits in all, of these 0 or more after the point")
        }
        return .decimal(precision: precision, scale: scale)
    }

    private static func timestamp(_ written: WrittenType, _ text: String) throws(ContractError) -> ContractType {
        guard (1...2).contains(written.arguments.count) else { throw unknown(text) }
        let unit = try unit(written.arguments[0], text)
        let isZoned = written.head == "timestamptz" || written.head == "timestamp with time zone"
        guard written.arguments.count == 2 else { return .timestamp(unit, zone: isZoned ? "UTC" : nil) }
        return .timestamp(unit, zone: try zone(written.arguments[1], text))
    }

    /// A unit's name, or how many digits of a second SQL counts.
    private static func unit(_ word: String, _ text: String) throws(ContractError) -> Unit {
        switch word.lowercased() {
        case "s", "0": return .seconds
        case "ms", "3": return .milliseconds
        case "us", "6": return .microseconds
        case "ns", "9": return .nanoseconds
        default: throw ContractError(message: "type '\(text)': units are s, ms, us and ns, not '\(word)'")
        }
    }

    private static func zone(_ word: String, _ text: String) throws(ContractError) -> String {
        var name = word
        for prefix in ["tz=", "timezone="] where name.lowercased().hasPrefix(prefix) {
            name = String(name.dropFirst(prefix.count))
        }
        if ["utc", "z", "+00:00"].contains(name.lowercased()) { return "UTC" }
        let isName = name.utf8.allSatisfy { byte in
            UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20 || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
                || "_+-:/".utf8.contains(byte)
        }
        guard !name.isEmpty, isName else {
            throw ContractError(
                message: "type '\(text)': '\(word)' is no time zone; write UTC, +02:00 or a name such as Europe/Berlin")
        }
        return name
    }
}

/// `head(arguments)` or `head[arguments]`, the head in small letters with single blanks.
private struct WrittenType {
    var head: String
    var arguments: [String] = []

    init(_ text: String) {
        let trimmed = Self.trimmed(text[...])
        let pairs: [Character: Character] = ["(": ")", "[": "]", "<": ">"]
        if let open = trimmed.firstIndex(where: { pairs[$0] != nil }), let close = pairs[trimmed[open]],
            trimmed.last == close
        {
            let inside = trimmed[trimmed.index(after: open)...].dropLast()
            arguments = inside.split(separator: ",", omittingEmptySubsequences: false).map { String(Self.trimmed($0)) }
            head = Self.words(trimmed[..<open])
        } else {
            head = Self.words(trimmed)
        }
    }

    private static func words(_ text: Substring) -> String {
        text.split(whereSeparator: \.isWhitespace).joined(separator: " ").lowercased()
    }

    private static func trimmed(_ text: Substring) -> Substring {
        let start = text.drop(while: \.isWhitespace)
        return start.lastIndex(where: { !$0.isWhitespace }).map { start[...$0] } ?? ""
    }
}
