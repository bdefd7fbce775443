import CasparianModel
import CasparianSinks
import Columnar
import Foundation

/// Reads the rows of a job that lie in a quarantine.
struct QuarantineRows {
    /// Names of the columns, and cells as texts.
    struct Page {
        var columns: [String]
        var cells: [[String?]]
    }

    let artifact: Artifact
    let job: JobID

    /// The first rows; nil where they lie in a database, which answers `query`.
    ///
    /// - Throws: `ExitStatus` 69 when a file cannot be read.
    func read(limit: Int) throws -> Page? {
        guard let path = file else { return nil }
        do {
            let source = try BatchReader.parquet(path: path)
            var page = Page(columns: [], cells: [])
            while page.cells.count < limit, let batch = try source.next() {
                page.columns = batch.schema.fields.map(\.name)
                page.cells += try batch.cellTexts(rows: 0..<min(batch.rowCount, limit - page.cells.count))
            }
            return page
        } catch {
            throw ExitStatus.unreachable("\(path): \(error)")
        }
    }

    private var file: String? {
        let scheme = "parquet://"
        guard artifact.uri.hasPrefix(scheme) else { return nil }
        let path = String(artifact.uri.dropFirst(scheme.count))
        return FileManager.default.fileExists(atPath: path) && !Paths.isFolder(path) ? path : nil
    }

    /// What to ask who has the rows.
    var query: String {
        let place = artifact.uri
        guard !place.hasPrefix("parquet") else {
            return "SELECT * FROM read_parquet('\(place.split(separator: ":", maxSplits: 1).last ?? "")/**/*.parquet') "
                + "WHERE _job_id = \(job)"
        }
        let table = place.split(separator: "?").first?.split(separator: "/").last.map(String.init) ?? place
        return "SELECT * FROM \(table) WHERE _job_id = \(job)"
    }
}
