/// The documented form: an object with `columns` and, if wanted, `name`, `version`, `description`, `extra_columns`,
/// `max_quarantined`. Reading refuses keys that are not known, since a misspelt one would be a rule that nobody keeps.
extension Contract: Codable {
    private enum Key: String, CodingKey, CaseIterable {
        case name, version, description, columns
        case extraColumns = "extra_columns"
        case quarantinedShareMax = "max_quarantined"
    }

    /// - Throws: `ContractError`, also for what `validate` refuses; `DecodingError` for a value of another kind.
    public init(from decoder: any Decoder) throws {
        try AnyKey.refuseUnknown(in: decoder, allowed: Key.allCases.map(\.rawValue))
        let fields = try decoder.container(keyedBy: Key.self)
        guard fields.contains(.columns) else {
            throw ContractError(message: #"it names no columns; write "columns": [{"name": "id", "type": "int64"}]"#)
        }
        var extra = ExtraColumns.keep
        if let word = try fields.decodeIfPresent(String.self, forKey: .extraColumns) {
            guard let known = ExtraColumns(rawValue: word) else {
                throw ContractError(message: "extra_columns is keep, drop or error, not '\(word)'")
            }
            extra = known
        }
        self.init(
            name: try fields.decodeIfPresent(String.self, forKey: .name),
            version: try Self.version(in: fields),
            description: try fields.decodeIfPresent(String.self, forKey: .description),
            columns: try fields.decode([Column].self, forKey: .columns),
            extraColumns: extra,
            quarantinedShareMax: try fields.decodeIfPresent(Double.self, forKey: .quarantinedShareMax)
                ?? Self.quarantinedShareMaxDefault)
        try validate()
    }

    /// Text, or a whole number.
    private static func version(in fields: KeyedDecodingContainer<Key>) throws -> String? {
        if let number = try? fields.decodeIfPresent(Int.self, forKey: .version) { return String(number) }
        return try fields.decodeIfPresent(String.self, forKey: .version)
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Key.self)
        try fields.encodeIfPresent(name, forKey: .name)
        try fields.encodeIfPresent(version, forKey: .version)
        try fields.encodeIfPresent(description, forKey: .description)
        try fields.encode(columns, forKey: .columns)
        try fields.encode(extraColumns, forKey: .extraColumns)
        try fields.encode(quarantinedShareMax, forKey: .quarantinedShareMax)
    }
}

extension Contract.Column: Codable {
    private enum Key: String, CodingKey, CaseIterable {
        case name, type, nullable, format, values, minimum, maximum, description
        case lengthMin = "min_length"
        case lengthMax = "max_length"
    }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        guard let name = try fields.decodeIfPresent(String.self, forKey: .name) else {
            throw ContractError(message: #"a column has no name; write {"name": "id", "type": "int64"}"#)
        }
        do {
            try AnyKey.refuseUnknown(in: decoder, allowed: Key.allCases.map(\.rawValue))
            self.init(
                name: name,
                type: try fields.decodeIfPresent(String.self, forKey: .type).map { try ContractType($0) } ?? .any,
                isNullable: try fields.decodeIfPresent(Bool.self, forKey: .nullable) ?? true,
                format: try fields.decodeIfPresent(String.self, forKey: .format),
                rules: Contract.Rules(
                    values: try fields.decodeIfPresent([PlainValue].self, forKey: .values)?.map(\.text) ?? [],
                    minimum: try fields.decodeIfPresent(PlainValue.self, forKey: .minimum)?.text,
                    maximum: try fields.decodeIfPresent(PlainValue.self, forKey: .maximum)?.text,
                    lengthMin: try fields.decodeIfPresent(Int.self, forKey: .lengthMin),
                    lengthMax: try fields.decodeIfPresent(Int.self, forKey: .lengthMax)),
                description: try fields.decodeIfPresent(String.self, forKey: .description))
        } catch let error as ContractError {
            throw error.about(name)
        } catch DecodingError.typeMismatch(_, let context) {
            let key = context.codingPath.last { $0.intValue == nil }?.stringValue ?? ""
            throw ContractError(column: name, message: "\(key) is not \(Self.kind(of: key))")
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Key.self)
        try fields.encode(name, forKey: .name)
        try fields.encode(type.name, forKey: .type)
        try fields.encode(isNullable, forKey: .nullable)
        try fields.encodeIfPresent(format, forKey: .format)
        if !rules.values.isEmpty { try fields.encode(rules.values, forKey: .values) }
        try fields.encodeIfPresent(rules.minimum, forKey: .minimum)
        try fields.encodeIfPresent(rules.maximum, forKey: .maximum)
        try fields.encodeIfPresent(rules.lengthMin, forKey: .lengthMin)
        try fields.encodeIfPresent(rules.lengthMax, forKey: .lengthMax)
        try fields.encodeIfPresent(description, forKey: .description)
    }
}

extension Contract.Column {
    private static func kind(of key: String) -> String {
        switch Key(rawValue: key) {
        case .nullable: "true or false"
        case .values: "a list of texts and numbers"
        case .minimum, .maximum: "a text or a number"
        case .lengthMin, .lengthMax: "a whole number"
        default: "text"
        }
    }
}

/// A value that a rule names: a text, or a number that stands for its own text.
private struct PlainValue: Decodable {
    let text: String

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if let number = try? value.decode(Int64.self) {
            text = String(number)
        } else if let number = try? value.decode(Double.self) {
            text = "\(number)"
        } else if let flag = try? value.decode(Bool.self) {
            text = "\(flag)"
        } else {
            text = try value.decode(String.self)
        }
    }
}

/// Any key at all, to find those that nobody reads.
private struct AnyKey: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }

    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }

    static func refuseUnknown(in decoder: any Decoder, allowed: [String]) throws {
        let found = try decoder.container(keyedBy: AnyKey.self).allKeys.map(\.stringValue).sorted()
        guard let other = found.first(where: { !allowed.contains($0) }) else { return }
        throw ContractError(
            message: "the key '\(other)' means nothing here; there are \(allowed.joined(separator: ", "))")
    }
}
