import CasparianSinks

/// What a URI asks for after its `?`.
struct SQLServerURIOptions: Hashable, Sendable {
    /// Whether tables and schemas that are not there are made.
    var creates = true
    /// Characters that new text columns hold, in UTF-16 units; nil for nvarchar(max).
    var textUnits: Int?
    /// Rows that staging takes at once.
    var chunkRows = 100_000

    static let chunkRowsMax = 10_000_000
    static let textUnitsMax = 4000

    init() {}

    init(_ uri: SinkURI) throws(SinkError) {
        func invalid(_ reason: String) -> SinkError {
            SinkError(code: .invalidURI, target: uri.description, message: reason)
        }
        for (key, value) in uri.options {
            switch key {
            case "mode": break  // read by who configures the topic
            case "create":
                guard ["yes", "no"].contains(value) else { throw invalid("create is yes or no, not '\(value)'") }
                creates = value == "yes"
            case "nvarchar":
                guard value != "max" else { continue }
                guard let units = Int(value), (1...Self.textUnitsMax).contains(units) else {
                    throw invalid("nvarchar is a length from 1 to \(Self.textUnitsMax), or max, not '\(value)'")
                }
                textUnits = units
            case "chunksize":
                guard let rows = Int(value), (1...Self.chunkRowsMax).contains(rows) else {
                    throw invalid("chunksize is rows that staging takes at once, from 1 to \(Self.chunkRowsMax)")
                }
                chunkRows = rows
            default: throw invalid("unknown option '\(key)'; SQL Server knows mode, create, nvarchar and chunksize")
            }
        }
    }
}
