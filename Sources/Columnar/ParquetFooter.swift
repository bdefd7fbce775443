import CArrow
import Foundation

/// What a Parquet file says about itself at its end; its rows are not read.
public struct ParquetFooter: Hashable, Sendable {
    public let rows: Int64
    public let keyValues: [String: String]

    init(rows: Int64, keyValues: [String: String]) {
        self.rows = rows
        self.keyValues = keyValues
    }

    /// - Throws: `.io`, or `.malformed` for what is no Parquet file.
    public init(path: String) throws(ColumnarError) {
        var rows: Int64 = 0
        var text: UnsafeMutablePointer<CChar>?
        try checkedDone(path) { ca_parquet_footer(path, &rows, &text, $0) }
        defer { free(text) }
        self.rows = rows
        self.keyValues = text.map { NamedTypes.decode(String(cString: $0)) } ?? [:]
    }
}
