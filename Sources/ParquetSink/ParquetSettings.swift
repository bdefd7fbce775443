import CasparianSinks
import Columnar

/// What the options of a Parquet URI say.
struct ParquetSettings: Hashable, Sendable {
    /// How files are written.
    var file: ParquetOptions
    /// Columns by whose values rows are put into folders.
    var partition: [String] = []
    /// What footers say of the rows, and of who wrote them.
    private var origin: RowOrigin?
    private var writer: String?

    /// Most rows in one row group.
    static let chunkRowsMax = 64 * 1024 * 1024
    /// The key in a footer under which stands what wrote the file.
    static let writerKey = "casparian.writer"
    private static let names = "mode, compression, level, chunksize, bloom and partition"

    /// For one job's output.
    ///
    /// - Throws: `SinkError` with `.invalidURI` for an option that means nothing.
    init(_ request: SinkRequest, defaults: ParquetOptions, writer: String) throws(SinkError) {
        try self.init(request.uri, defaults: defaults)
        origin = RowOrigin(request)
        self.writer = writer
    }

    /// With what the footer says: put together for a file that is written, since most jobs of some plugins write none.
    func labelled() throws -> ParquetOptions {
        var labelled = file
        labelled.keyValues[PromotedFiles.originKey] = try origin.map(PromotedFiles.text)
        labelled.keyValues[Self.writerKey] = writer
        return labelled
    }

    /// - Throws: `SinkError` with `.invalidURI` for an option that means nothing.
    init(_ uri: SinkURI, defaults: ParquetOptions) throws(SinkError) {
        file = defaults
        for (key, value) in uri.options {
            switch key {
            case "compression":
                guard ParquetOptions.compressions.contains(value) else {
                    throw Self.error(
                        uri, "compression is \(ParquetOptions.compressions.joined(separator: ", ")), not '\(value)'")
                }
                if value != file.compression { file.compressionLevel = nil }
                file.compression = value
            case "chunksize":
                guard let rows = Int(value), (1...Self.chunkRowsMax).contains(rows) else {
                    throw Self.error(uri, "chunksize is rows in a row group, from 1 to \(Self.chunkRowsMax)")
                }
                file.rowGroupRowsMax = rows
            case "bloom": file.bloomColumns = try Self.columns(value, of: key, uri)
            case "partition": partition = try Self.columns(value, of: key, uri)
            case "level", "mode": break  // read below, and by who configures the topic
            case "region" where uri.scheme == ObjectPlace.scheme: try Self.checkRegion(value, uri)
            default: throw Self.error(uri, "unknown option '\(key)'; Parquet knows \(Self.names)")
            }
        }
        if let text = uri.options["level"] { file.compressionLevel = try level(text, uri) }
        if let both = partition.first(where: file.bloomColumns.contains) {
            throw Self.error(
                uri,
                "column '\(both)' stands in bloom and in partition; its values are in the folder's name, so no filter "
                    + "is needed")
        }
    }

    private static func checkRegion(_ name: String, _ uri: SinkURI) throws(SinkError) {
        guard !name.isEmpty, name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }) else {
            throw error(uri, "region is the name of a region, for example eu-central-1, not '\(name)'")
        }
    }

    private func level(_ text: String, _ uri: SinkURI) throws(SinkError) -> Int {
        guard let levels = ParquetOptions.levels(of: file.compression) else {
            throw Self.error(
                uri, "level means nothing with compression=\(file.compression); zstd, gzip and brotli have levels")
        }
        guard let level = Int(text), levels.contains(level) else {
            throw Self.error(
                uri,
                "level is a number from \(levels.lowerBound) to \(levels.upperBound) for \(file.compression), not "
                    + "'\(text)'")
        }
        return level
    }

    private static func columns(_ text: String, of key: String, _ uri: SinkURI) throws(SinkError) -> [String] {
        let names = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard !names.contains(""), Set(names).count == names.count else {
            throw error(uri, "\(key) is a list of different column names, for example \(key)=year,month; not '\(text)'")
        }
        return names
    }

    private static func error(_ uri: SinkURI, _ message: String) -> SinkError {
        SinkError(code: .invalidURI, target: uri.description, message: message)
    }
}
