/// Reads the known fields of a JSON object strictly; unknown ones are not looked at.
struct FieldReader {
    let fields: [String: JSONValue]

    func wrong(_ name: String, _ expected: String) -> WireError {
        WireError(code: .shape, message: "field '\(name)' must be \(expected)")
    }

    func string(_ name: String) throws(WireError) -> String {
        guard case .string(let text)? = fields[name] else { throw wrong(name, "a text") }
        return text
    }

    func optionalString(_ name: String) throws(WireError) -> String? {
        switch fields[name] {
        case nil, .null?: return nil
        case .string(let text)?: return text
        default: throw wrong(name, "a text or null")
        }
    }

    func integer(_ name: String) throws(WireError) -> Int64 {
        guard case .integer(let number)? = fields[name] else { throw wrong(name, "an integer") }
        return number
    }

    func optionalInteger(_ name: String) throws(WireError) -> Int64? {
        switch fields[name] {
        case nil, .null?: return nil
        case .integer(let number)?: return number
        default: throw wrong(name, "an integer or null")
        }
    }

    /// An integer that counts something: from 0 to 2^31 - 1.
    func optionalCount(_ name: String) throws(WireError) -> Int? {
        guard let number = try optionalInteger(name) else { return nil }
        guard (0...Int64(Int32.max)).contains(number) else { throw wrong(name, "from 0 to \(Int32.max)") }
        return Int(number)
    }

    /// False where it is missing.
    func optionalFlag(_ name: String) throws(WireError) -> Bool {
        switch fields[name] {
        case nil, .null?: return false
        case .bool(let flag)?: return flag
        default: throw wrong(name, "true or false")
        }
    }

    func optionalIntegers(_ name: String) throws(WireError) -> [Int64]? {
        switch fields[name] {
        case nil, .null?: return nil
        case .array(let items)?:
            var numbers: [Int64] = []
            for item in items {
                guard case .integer(let number) = item else { throw wrong(name, "a list of integers") }
                numbers.append(number)
            }
            return numbers
        default: throw wrong(name, "a list of integers")
        }
    }

    func strings(_ name: String) throws(WireError) -> [String] {
        guard let texts = try optionalStrings(name) else { throw wrong(name, "a list of texts") }
        return texts
    }

    func optionalStrings(_ name: String) throws(WireError) -> [String]? {
        switch fields[name] {
        case nil, .null?: return nil
        case .array(let items)?:
            var texts: [String] = []
            for item in items {
                guard case .string(let text) = item else { throw wrong(name, "a list of texts") }
                texts.append(text)
            }
            return texts
        default: throw wrong(name, "a list of texts")
        }
    }

    func objects(_ name: String) throws(WireError) -> [FieldReader] { try optionalObjects(name) ?? [] }

    func optionalObjects(_ name: String) throws(WireError) -> [FieldReader]? {
        switch fields[name] {
        case nil, .null?: return nil
        case .array(let items)?:
            var objects: [FieldReader] = []
            for item in items {
                guard case .object(let fields) = item else { throw wrong(name, "a list of objects") }
                objects.append(FieldReader(fields: fields))
            }
            return objects
        default: throw wrong(name, "a list of objects")
        }
    }
}
