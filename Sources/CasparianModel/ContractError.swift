/// A contract says something that cannot be meant.
public struct ContractError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The column it is about, if it is about one.
    public let column: String?
    /// The reason, and what is possible.
    public let message: String

    public init(column: String? = nil, message: String) {
        self.column = column
        self.message = message
    }

    public var description: String {
        "contract: \(column.map { "column '\($0)': " } ?? "")\(message)"
    }

    /// The same, about a column.
    func about(_ column: String) -> ContractError { ContractError(column: column, message: message) }
}
