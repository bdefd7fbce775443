import CasparianModel
import CasparianSinks
import Columnar
import Foundation
import StagingFiles

/// Opens sinks for `parquet://` below one output folder.
public struct ParquetSinkFactory: SinkFactory {
    public let scheme = "parquet"
    let outputRoot: String
    private let defaults: ParquetOptions
    private let writer: String
    let files = PromotedFiles()

    /// - Parameters:
    ///   - outputRoot: Absolute; made when the first file is staged.
    ///   - defaults: How files are written where a URI does not say.
    ///   - writer: Name and version of the program, for the files' footers.
    public init(
        outputRoot: String, defaults: ParquetOptions = ParquetOptions(), writer: String = "casparian-flow"
    ) {
        self.outputRoot = outputRoot
        self.defaults = defaults
        self.writer = writer
    }

    public var steps: [String] { ParquetStep.names }

    /// The steps that its sinks pass with `?partition=`.
    public var partitionSteps: [String] {
        [ParquetStep.staged, .rewritten, .prepared].map(\.rawValue) + PartitionStep.names
    }

    public func open(_ request: SinkRequest) throws -> any Sink {
        ParquetSink(request: request, staging: try staging(for: request))
    }

    public func resume(_ request: SinkRequest, rows: Int64) throws -> (any Sink)? {
        let staging = try staging(for: request)
        return try staging.takeUp(rows: rows) ? ParquetSink(request: request, staging: staging) : nil
    }

    private func staging(for request: SinkRequest) throws -> any ParquetStaging {
        let names = try ParquetNames(uri: request.uri, job: request.jobID, outputRoot: outputRoot)
        try Folder.requireInside(names.folder, root: outputRoot)
        let settings = try ParquetSettings(request, defaults: defaults, writer: writer)
        guard settings.partition.isEmpty else {
            let promotion = PartitionPromotion(
                request: request, names: names, columns: settings.partition, files: files)
            // Put together once for all partitions.
            return PartitionStaging(
                names: names, options: try settings.labelled(), columns: settings.partition, promotion: promotion)
        }
        let promotion = ParquetPromotion(request: request, names: names, files: files)
        return FileStaging(request: request, names: names, settings: settings, promotion: promotion)
    }

    public func removeLeftovers() throws -> [String] {
        StagingSweep(folder: outputRoot).run()
    }
}
