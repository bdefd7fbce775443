/// What the columns of a topic must be, and what becomes of rows that are not so (docs/sinks.md#contracts).
public struct Contract: Hashable, Sendable {
    /// What happens with columns that the contract does not name.
    public enum ExtraColumns: String, Codable, Sendable, CaseIterable {
        case keep, drop, error
    }

    /// One column that the topic must have.
    public struct Column: Hashable, Sendable {
        public var name: String
        public var type: ContractType
        /// False: no cell may be null, and the column must be there.
        public var isNullable: Bool
        /// How dates and times are written, with the directives of `ContractFormat`; nil: ISO 8601.
        public var format: String?
        public var rules: Rules
        public var description: String?

        public init(
            name: String, type: ContractType = .any, isNullable: Bool = true, format: String? = nil,
            rules: Rules = Rules(), description: String? = nil
        ) {
            self.rules = rules
            self.name = name
            self.type = type
            self.isNullable = isNullable
            self.format = format
            self.description = description
        }
    }

    /// What a column's values have to be beside of its type. Texts are such as fit the type; nulls break no rule.
    public struct Rules: Hashable, Sendable {
        /// All that there may be; empty: anything.
        public var values: [String]
        /// Bounds of numbers, dates and times, themselves allowed.
        public var minimum: String?
        public var maximum: String?
        /// Characters of texts, bytes of bytes.
        public var lengthMin: Int?
        public var lengthMax: Int?

        public init(
            values: [String] = [], minimum: String? = nil, maximum: String? = nil, lengthMin: Int? = nil,
            lengthMax: Int? = nil
        ) {
            self.values = values
            self.minimum = minimum
            self.maximum = maximum
            self.lengthMin = lengthMin
            self.lengthMax = lengthMax
        }
    }

    public var name: String?
    public var version: String?
    public var description: String?
    public var columns: [Column]
    public var extraColumns: ExtraColumns
    /// The job fails if a greater share of a topic's rows does not fit; 0 to 1.
    public var quarantinedShareMax: Double

    public init(
        name: String? = nil, version: String? = nil, description: String? = nil, columns: [Column],
        extraColumns: ExtraColumns = .keep, quarantinedShareMax: Double = Contract.quarantinedShareMaxDefault
    ) {
        self.name = name
        self.version = version
        self.description = description
        self.columns = columns
        self.extraColumns = extraColumns
        self.quarantinedShareMax = quarantinedShareMax
    }

    /// If most rows do not fit, the contract or the file is the wrong one, not the rows.
    public static let quarantinedShareMaxDefault = 0.5
    /// Columns of one contract.
    public static let columnCountMax = 100_000
    /// Columns that the worker adds.
    public static let reservedColumns: Set<String> = ["_job_id", "_file_version_id"]

    /// Columns that are wanted as they are written: a reader that takes 1.50 for a number loses its zero.
    public var textColumns: Set<String> {
        let wanted = columns.filter { [.string, .binary, .json].contains($0.type) || $0.format != nil }
        return Set(wanted.map(\.name))
    }

    /// - Throws: `ContractError` that names the column, the reason and what is possible.
    public func validate() throws(ContractError) {
        guard (1...Self.columnCountMax).contains(columns.count) else {
            throw ContractError(
                message: "there are \(columns.count) columns; name 1 to \(Self.columnCountMax) in \"columns\"")
        }
        guard (0...1).contains(quarantinedShareMax) else {
            throw ContractError(
                message:
                    "max_quarantined is a share of the rows, 0 to 1, not \(quarantinedShareMax); 0.05 is one in twenty")
        }
        // Byte by byte, as names of columns are compared.
        var seen: Set<[UInt8]> = []
        for column in columns {
            let bytes = Array(column.name.utf8)
            guard !bytes.isEmpty, !bytes.contains(0) else {
                throw ContractError(column: column.name, message: "a column's name is text without NUL, and not empty")
            }
            guard seen.insert(bytes).inserted else {
                throw ContractError(column: column.name, message: "stands twice; name each column once")
            }
            guard !Self.reservedColumns.contains(column.name) else {
                throw ContractError(column: column.name, message: "is added by the worker; leave it out")
            }
            for length in [column.rules.lengthMin, column.rules.lengthMax] {
                guard let length, length < 0 else { continue }
                throw ContractError(column: column.name, message: "a length is 0 or more, not \(length)")
            }
            if let format = column.format { try ContractFormat.check(format, for: column) }
        }
    }
}
