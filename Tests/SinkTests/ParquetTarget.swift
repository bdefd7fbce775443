import CasparianSinks
import CasparianTestKit
import Foundation
import ParquetSink

/// Parquet files in a fresh folder.
struct ParquetTarget: SinkTarget {
    let folder: TemporaryFolder
    var root: String { folder.file("out") }

    init() throws { folder = try TemporaryFolder() }

    func makeFactory() -> any SinkFactory { ParquetSinkFactory(outputRoot: root) }
    func uri(_ table: String) -> String { "parquet://\(table).parquet" }

    func visible(_ table: String) throws -> [SinkTable] {
        try folder.files().compactMap { path -> (Int, SinkTable)? in
            guard path.hasPrefix("out/\(table)_"), path.hasSuffix(".parquet"),
                let job = Int(path.dropFirst("out/\(table)_".count).dropLast(".parquet".count))
            else { return nil }
            return (job, try SinkTable(parquet: folder.file(path)))
        }.sorted { $0.0 < $1.0 }.map(\.1)
    }

    func staged() throws -> [String] { folder.files().filter { !$0.hasSuffix(".parquet") } }
}
