import CasparianModel
import CasparianSinks
import Columnar
import Foundation

/// Opens sinks for `parquet://` below one output folder.
public struct ParquetSinkFactory: SinkFactory {
    public let scheme = "parquet"
    private let outputRoot: String
    private let defaults: ParquetOptions

    /// - Parameter outputRoot: Absolute; made when the first file is staged.
    public init(outputRoot: String, defaults: ParquetOptions = ParquetOptions()) {
        self.outputRoot = outputRoot
        self.defaults = defaults
    }

    public func open(_ request: SinkRequest) throws -> any Sink {
        let names = try ParquetNames(uri: request.uri, job: request.jobID, outputRoot: outputRoot)
        var options = defaults
        for (key, value) in request.uri.options {
            switch key {
            case "compression": options.compression = value
            case "chunksize":
                guard let rows = Int(value), (1...Self.chunkRowsMax).contains(rows) else {
                    throw SinkError(
                        code: .invalidURI, target: request.uri.description,
                        message: "chunksize is rows in a row group, from 1 to \(Self.chunkRowsMax)")
                }
                options.rowGroupRowsMax = rows
            case "mode": break  // read by who configures the topic
            default:
                throw SinkError(
                    code: .invalidURI, target: request.uri.description,
                    message: "unknown option '\(key)'; Parquet knows mode, compression and chunksize")
            }
        }
        return ParquetSink(request: request, names: names, options: options)
    }

    /// Most rows in one row group.
    static let chunkRowsMax = 64 * 1024 * 1024

    public func removeLeftovers() throws -> [String] {
        StagingSweep(folder: outputRoot).run()
    }
}
