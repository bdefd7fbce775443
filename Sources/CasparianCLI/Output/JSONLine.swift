/// One JSON object on one line with its keys in the order given: what `--json` prints.
struct JSONLine {
    enum Value: Sendable {
        case text(String?)
        case integer(Int64?)
        case number(Double)
        case flag(Bool)
        case list([Value])
        case object([(String, Value)])
    }

    /// The line, without a newline.
    static func encode(_ pairs: [(String, Value)]) -> String { encode(.object(pairs)) }

    /// Any value on one line.
    static func encode(_ value: Value) -> String {
        var out = ""
        append(value, to: &out)
        return out
    }

    private static func append(_ value: Value, to out: inout String) {
        switch value {
        case .text(let text): if let text { appendQuoted(text, to: &out) } else { out += "null" }
        case .integer(let number): out += number.map(String.init) ?? "null"
        case .number(let number): out += number.isFinite ? String(number) : "null"
        case .flag(let flag): out += flag ? "true" : "false"
        case .list(let items):
            out += "["
            for (index, item) in items.enumerated() {
                if index > 0 { out += ", " }
                append(item, to: &out)
            }
            out += "]"
        case .object(let pairs):
            out += "{"
            for (index, pair) in pairs.enumerated() {
                if index > 0 { out += ", " }
                appendQuoted(pair.0, to: &out)
                out += ": "
                append(pair.1, to: &out)
            }
            out += "}"
        }
    }

    /// RFC 8259, section 7: quotes, backslashes and control characters are escaped, the rest stays UTF-8.
    private static func appendQuoted(_ text: String, to out: inout String) {
        out += "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\r": out += "\\r"
            case "\t": out += "\\t"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: out.unicodeScalars.append(scalar)
            }
        }
        out += "\""
    }
}
