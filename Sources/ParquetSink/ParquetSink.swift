import CLinux
import CasparianModel
import CasparianSinks
import Columnar
import Foundation

/// One topic of one job as one Parquet file: staged beside its final name, then renamed.
final class ParquetSink: Sink {
    private let request: SinkRequest
    private let names: ParquetNames
    private let options: ParquetOptions
    private var writer: ParquetWriter?
    private var schema = StagedSchema()
    private var prepared: (rows: Int64, sizeBytes: Int64)?

    init(request: SinkRequest, names: ParquetNames, options: ParquetOptions) {
        self.request = request
        self.names = names
        self.options = options
    }

    func write(_ batch: RecordBatch) throws {
        guard batch.rowCount > 0 else { return }
        do {
            switch try schema.step(for: batch.schema) {
            case .same: try writer?.write(batch)
            case .begin(let target):
                try makeFolder()
                writer = try openStaging(names.staging, schema: target)
                try writer?.write(batch)
            case .cast(let target): try writer?.write(batch.conforming(to: target))
            case .widen(let target):
                try rewriteStaging(as: target)
                try writer?.write(batch.conforming(to: target))
            }
        } catch let error as ColumnarError {
            throw SinkError(columnar: error, request: request)
        }
    }

    func reset() throws {
        discard()
        schema.reset()
    }

    func prepare() throws {
        guard let writer else { return }
        do {
            prepared = try writer.finish()
        } catch {
            throw SinkError(columnar: error, request: request)
        }
    }

    func commit() throws -> Artifact? {
        guard let prepared else { return nil }
        var sizeBytes = prepared.sizeBytes
        let reason = cs_rename_no_replace(names.staging, names.final)
        if reason != 0 {
            // The name belongs to this job alone: an earlier attempt promoted it, and its worker did not live to tell.
            guard reason == EEXIST else { throw failure("cannot be promoted", reason) }
            unlink(names.staging)
            sizeBytes = FileSize.of(names.final) ?? sizeBytes
        }
        try Folder.sync(names.folder, request: request)
        writer = nil
        return Artifact(
            topic: request.topic, uri: "parquet://" + names.final, rows: prepared.rows, sizeBytes: sizeBytes)
    }

    func discard() {
        guard writer != nil || prepared != nil else { return }
        writer = nil
        prepared = nil
        unlink(names.staging)
    }

    private func makeFolder() throws {
        do {
            try FileManager.default.createDirectory(atPath: names.folder, withIntermediateDirectories: true)
        } catch {
            throw SinkError(
                code: .io, target: names.folder,
                message:
                    "the output folder cannot be made (\(error.localizedDescription)); check the path and its permissions"
            )
        }
    }

    private func openStaging(_ path: String, schema: Schema) throws -> ParquetWriter {
        let opened = try ParquetWriter(path: path, schema: schema, options: options)
        guard flock(opened.fileDescriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw SinkError(
                code: .io, target: path, message: "another worker stages the same job; is a job dispatched twice?",
                isTransient: true)
        }
        return opened
    }

    /// Casts what is staged to a wider schema, batch by batch, through a second staging file.
    private func rewriteStaging(as target: Schema) throws {
        _ = try writer?.finish()
        let old = names.staging + ".old"
        guard rename(names.staging, old) == 0 else { throw failure("cannot be staged anew", errno) }
        defer { unlink(old) }
        writer = try openStaging(names.staging, schema: target)
        let source = try BatchReader.parquet(path: old)
        while let batch = try source.next() { try writer?.write(batch.conforming(to: target)) }
    }

    private func failure(_ what: String, _ reason: Int32) -> SinkError {
        SinkError(code: .io, target: names.final, message: "\(what): \(String(cString: strerror(reason)))")
    }
}

enum FileSize {
    static func of(_ path: String) -> Int64? {
        var status = stat()
        return stat(path, &status) == 0 ? Int64(status.st_size) : nil
    }
}

enum Folder {
    /// Makes a rename in the folder survive a power cut.
    static func sync(_ path: String, request: SinkRequest) throws {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw SinkError(code: .io, target: path, message: String(cString: strerror(errno)))
        }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else {
            throw SinkError(code: .io, target: path, message: "fsync: \(String(cString: strerror(errno)))")
        }
    }
}
