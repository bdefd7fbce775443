import CasparianModel
import CasparianSinks
import Columnar
import Foundation
import StagingFiles
import Synchronization

/// Opens sinks for `parquet+s3://bucket/prefix`: Parquet files staged on the disk, promoted into an object store.
public final class ParquetS3SinkFactory: SinkFactory {
    public let scheme = ObjectPlace.scheme
    private let outputRoot: String
    private let defaults: ParquetOptions
    private let writer: String
    /// By bucket and region: connections are kept.
    private let stores = Mutex<[String: ObjectStore]>([:])

    /// - Parameters:
    ///   - outputRoot: Absolute; files are staged below it, and it is made when the first one is.
    ///   - defaults: How files are written where a URI does not say.
    ///   - writer: Name and version of the program, for the files' footers.
    public init(outputRoot: String, defaults: ParquetOptions = ParquetOptions(), writer: String = "casparian-flow") {
        self.outputRoot = outputRoot
        self.defaults = defaults
        self.writer = writer
    }

    public var steps: [String] {
        [ParquetStep.staged, .rewritten, .footer, .prepared].map(\.rawValue) + ObjectStep.names
    }

    public func open(_ request: SinkRequest) throws -> any Sink {
        ParquetSink(request: request, staging: try staging(for: request))
    }

    public func resume(_ request: SinkRequest, rows: Int64) throws -> (any Sink)? {
        let staging = try staging(for: request)
        return try staging.takeUp(rows: rows) ? ParquetSink(request: request, staging: staging) : nil
    }

    public func removeLeftovers() throws -> [String] {
        StagingSweep(folder: ObjectPlace.stagingRoot(below: outputRoot)).run()
    }

    public func highestJobID(at uri: SinkURI) throws -> Int64 {
        let place = try ObjectPlace(uri: uri, job: 0, outputRoot: outputRoot)
        let store = try store(for: place, uri)
        let names: [String]
        do {
            names = try store.names(in: place.folder)
        } catch {
            throw place.error(error)
        }
        return names.compactMap(place.names.job(of:)).filter { $0 < .max }.reduce(0, max)
    }

    private func staging(for request: SinkRequest) throws -> any ParquetStaging {
        let place = try ObjectPlace(uri: request.uri, job: request.jobID, outputRoot: outputRoot)
        let settings = try ParquetSettings(request, defaults: defaults, writer: writer)
        guard settings.partition.isEmpty else {
            throw SinkError(
                code: .invalidURI, target: request.uri.description,
                message: "partition is for parquet:// only: an object store cannot show all files of a job at once")
        }
        let store = try store(for: place, request.uri)
        return FileStaging(
            request: request, names: place.names, settings: settings,
            promotion: ObjectPromotion(request: request, place: place, store: store))
    }

    /// The store that holds the bucket.
    ///
    /// - Throws: `SinkError`: it does not answer, or has no such bucket.
    private func store(for place: ObjectPlace, _ uri: SinkURI) throws -> ObjectStore {
        let region = uri.options["region"]
        let name = place.bucket + " " + (region ?? "")
        if let store = stores.withLock({ $0[name] }) { return store }
        do {
            let store = try ObjectStore(bucket: place.bucket, region: region)
            guard try store.size(of: place.bucket) != nil else {
                throw SinkError(
                    code: .rejected, target: uri.description,
                    message: "there is no bucket '\(place.bucket)' that the worker may list; make it, or name another")
            }
            stores.withLock { $0[name] = store }
            return store
        } catch let error as ColumnarError { throw place.error(error) }
    }
}
