import CasparianModel
import Columnar
import Foundation

extension Contract {
    /// Bytes of a contract's JSON text.
    public static let sizeBytesMax = 16 << 20

    /// Reads a topic's `schema_def`.
    ///
    /// - Parameter json: An object as docs/sinks.md describes it. Nothing, `null` and `{}` demand nothing.
    /// - Returns: Nil if nothing is demanded.
    /// - Throws: `ContractError`.
    public static func read(json: String) throws(ContractError) -> Contract? {
        let text = json.trimmingCharacters(in: .whitespacesAndNewlines)
        if ["", "null", "{}"].contains(text) { return nil }
        guard text.utf8.count <= sizeBytesMax else {
            throw ContractError(message: "it is longer than \(sizeBytesMax >> 20) MiB")
        }
        do {
            let contract = try JSONDecoder().decode(Contract.self, from: Data(text.utf8))
            // Whether each rule can be kept, the one who keeps them knows.
            _ = try RowContract(contract)
            return contract
        } catch let error as ColumnarError {
            throw ContractError(message: error.message)
        } catch let error as ContractError {
            throw error
        } catch let error as DecodingError {
            throw ContractError(error)
        } catch {
            throw ContractError(message: "\(error)")
        }
    }
}

extension ContractError {
    fileprivate init(_ error: DecodingError) {
        switch error {
        case .dataCorrupted(let context) where context.codingPath.isEmpty:
            let reason = (context.underlyingError as NSError?)?.userInfo[NSDebugDescriptionErrorKey] as? String
            self.init(message: "it is not JSON: \(reason ?? context.debugDescription)")
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context),
            .dataCorrupted(let context):
            let place = context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }.joined(
                separator: " ")
            self.init(message: "\(place.isEmpty ? "the whole" : place): \(context.debugDescription)")
        @unknown default: self.init(message: "\(error)")
        }
    }
}

extension RowContract {
    /// The columns' part of a contract.
    ///
    /// - Throws: `ColumnarError` with `.invalid`; not for a contract that `Contract.validate` accepts.
    public convenience init(_ contract: Contract) throws(ColumnarError) {
        let extra: ExtraColumns =
            switch contract.extraColumns {
            case .keep: .keep
            case .drop: .drop
            case .error: .error
            }
        try self.init(
            columns: contract.columns.map { column in
                Column(
                    name: column.name, type: column.type.name, isNullable: column.isNullable, format: column.format,
                    rules: Rules(
                        values: column.rules.values, minimum: column.rules.minimum, maximum: column.rules.maximum,
                        lengthMin: column.rules.lengthMin, lengthMax: column.rules.lengthMax))
            }, extraColumns: extra)
    }
}
