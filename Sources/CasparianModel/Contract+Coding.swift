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
        case name, type, nullable, format, description
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
                description: try fields.decodeIfPresent(String.self, forKey: .description))
        } catch let error as ContractError {
            throw error.about(name)
        } catch DecodingError.typeMismatch(_, let context) {
            let key = context.codingPath.last?.stringValue ?? ""
            let kind = key == Key.nullable.rawValue ? "true or false" : "text"
            throw ContractError(column: name, message: "\(key) is not \(kind)")
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Key.self)
        try fields.encode(name, forKey: .name)
        try fields.encode(type.name, forKey: .type)
        try fields.encode(isNullable, forKey: .nullable)
        try fields.encodeIfPresent(format, forKey: .format)
        try fields.encodeIfPresent(description, forKey: .description)
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
