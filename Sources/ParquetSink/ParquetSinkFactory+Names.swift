import CasparianModel
import CasparianSinks
import Foundation

extension ParquetSinkFactory {
    /// The highest job id among the files at a place; 0 if there is none.
    ///
    /// - Throws: `SinkError` for a place outside the output folder.
    public func highestJobID(at uri: SinkURI) throws -> Int64 {
        let names = try ParquetNames(uri: uri, job: 0, outputRoot: outputRoot)
        return try files.paths(of: names).reduce(0) { highest, path in
            // One more must be a job id too.
            names.job(of: path).map { $0 < .max ? max(highest, $0) : highest } ?? highest
        }
    }

    /// The highest job id among the files right in the output folder whose names begin with `stemPrefix`; 0 if there is
    /// none.
    public func highestJobID(stemPrefix: String) -> Int64 {
        Self.highest(in: outputRoot) { $0.hasPrefix(stemPrefix) }
    }

    private static func highest(in folder: String, _ isMeant: (Substring) -> Bool) -> Int64 {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.reduce(0) { highest, name in
            guard name.hasSuffix(ParquetNames.suffix) else { return highest }
            let stem = name.dropLast(ParquetNames.suffix.count)
            guard let underscore = stem.lastIndex(of: "_"), isMeant(stem[..<underscore]),
                let job = Int64(stem[stem.index(after: underscore)...]), job < .max
            else { return highest }
            return max(highest, job)
        }
    }
}
