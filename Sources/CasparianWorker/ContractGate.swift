import CasparianModel
import CasparianSinks
import Columnar

/// Lets only rows that fit a topic's contract pass, and keeps count.
final class ContractGate {
    private let contract: Contract
    private let rows: RowContract
    private let request: SinkRequest
    private var seen: Int64 = 0
    private(set) var rejected: Int64 = 0
    /// The first rejections, for the message of a job that fails.
    private var examples: [String] = []

    private static let examplesMax = 3
    /// Of a raw value in a message; in quarantine it is whole.
    private static let rawCharactersMax = 60

    init(contract: Contract, request: SinkRequest) throws(ColumnarError) {
        self.contract = contract
        self.rows = try RowContract(contract)
        self.request = request
    }

    /// - Throws: `ContractBreach` for columns that the contract does not allow.
    func sort(_ batch: RecordBatch) throws -> RowContract.SortedRows {
        do {
            let sorted = try rows.sort(batch, firstRow: seen + 1)
            seen += Int64(batch.rowCount)
            if let bad = sorted.rejected {
                rejected += Int64(bad.rowCount)
                examples += try bad.cellTexts(rows: 0..<max(Self.examplesMax - examples.count, 0)).map(Self.example)
            }
            return sorted
        } catch {
            throw ContractBreach(error: SinkError(columnar: error, request: request))
        }
    }

    private static func example(_ cells: [String?]) -> String {
        let texts = cells.map { $0 ?? "null" }
        let raw = cells[3].map { raw in raw.count > rawCharactersMax ? "\(raw.prefix(rawCharactersMax))..." : raw }
        return "row \(texts[0]): column '\(texts[1])'\(raw.map { " with '\($0)'" } ?? "") \(texts[2])"
    }

    func reset() {
        seen = 0
        rejected = 0
        examples = []
    }

    /// - Throws: `ContractBreach` when more rows do not fit than the contract lets pass.
    func checkShare() throws(ContractBreach) {
        guard rejected > 0, Double(rejected) / Double(seen) > contract.quarantinedShareMax else { return }
        let name = contract.name.map { " '\($0)'" } ?? ""
        let error = SinkError(
            code: .rejected, target: request.uri.description,
            message: "topic '\(request.topic)' of \(request.filePath): \(rejected) of \(seen) rows do not fit the "
                + "contract\(name), and max_quarantined is \(contract.quarantinedShareMax); nothing was written. "
                + examples.joined(separator: "; ") + (rejected > Int64(examples.count) ? "; ..." : "")
                + ". Mend the file or the plugin, or change the contract: casparian topics set "
                + "\(request.pluginName) \(request.topic) URI --schema FILE")
        throw ContractBreach(error: error)
    }
}
