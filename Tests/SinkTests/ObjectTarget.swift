import CasparianSinks
import CasparianTestKit
import Foundation
import ParquetSink

/// Parquet files in a fresh bucket.
struct ObjectTarget: SinkTarget {
    let folder: TemporaryFolder
    let server: ObjectServer
    let bucket: String

    init() throws {
        folder = try TemporaryFolder()
        server = try ObjectServer.shared.get()
        bucket = try server.makeBucket()
    }

    func makeFactory() -> any SinkFactory { ParquetS3SinkFactory(outputRoot: folder.file("out")) }
    func uri(_ table: String) -> String { "parquet+s3://\(bucket)/\(table).parquet" }

    func visible(_ table: String) throws -> [SinkTable] {
        try server.keys(bucket).compactMap { key -> (Int, SinkTable)? in
            guard key.hasPrefix(table + "_"), let job = Int(key.dropFirst(table.count + 1).dropLast(".parquet".count))
            else { return nil }
            let path = folder.file("fetched.parquet")
            try server.fetch(bucket, key, to: path)
            return (job, try SinkTable(parquet: path))
        }.sorted { $0.0 < $1.0 }.map(\.1)
    }

    func staged() throws -> [String] { folder.files().filter { $0.hasPrefix("out/") } }
}
