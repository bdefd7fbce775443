import CasparianSinks
import CasparianTestKit
import Columnar
import Foundation
import ParquetSink

/// Tables in a fresh folder, partitioned by the column `n`.
struct PartitionTarget: SinkTarget {
    let folder: TemporaryFolder
    var root: String { folder.file("out") }

    init() throws { folder = try TemporaryFolder() }

    func makeFactory() -> any SinkFactory { ParquetSinkFactory(outputRoot: root) }
    func uri(_ table: String) -> String { "parquet://\(table)?partition=n" }

    /// Rows in the order of `n`, which the folders tell.
    func visible(_ table: String) throws -> [SinkTable] {
        var rows: [Int: [(n: Int, cells: [String?])]] = [:]
        var columns: [String] = []
        for path in folder.files() {
            guard path.hasPrefix("out/\(table)/n=") else { continue }
            let parts = path.split(separator: "/").suffix(2).map(String.init)
            guard let job = Int(parts[1].dropFirst("data_".count).dropLast(".parquet".count)) else { continue }
            let part = try SinkTable(parquet: folder.file(path))
            let value = Int(parts[0].dropFirst("n=".count))
            columns = ["n:int64"] + part.columns
            rows[job, default: []] += part.rows.map { (value ?? .max, [value.map(String.init)] + $0) }
        }
        return rows.sorted { $0.key < $1.key }.map { _, rows in
            SinkTable(columns: columns, rows: rows.sorted { $0.n < $1.n }.map(\.cells))
        }
    }

    func staged() throws -> [String] {
        folder.entries().filter { path in
            let parts = path.split(separator: "/")
            return parts.count == 3 && parts[2].hasPrefix("data_") && parts[2].contains(".parquet.stg.")
        }
    }
}
