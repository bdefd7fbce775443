import CasparianModel
import CasparianSinks
import Columnar
import Foundation
import StagingFiles

/// Rows of a partitioned table: a staged file for each partition, all in one staging folder.
final class PartitionStaging: ParquetStaging {
    private let names: ParquetNames
    private let options: ParquetOptions
    private let columns: [String]
    private let promotion: PartitionPromotion
    private var folder: StagingFolder?
    private var schema: Schema?
    private var parts: [String: StagedPart] = [:]
    private var waitingBytes = 0
    private var sharedBytes = 0
    private var prepared: PartitionManifest?

    /// Partitions that one job may write to.
    static let partitionsMax = 10_000
    /// Bytes of batches after which their slices are copied: one row that waits holds its whole batch.
    static let sharedBytesMax = 32 << 20
    /// Bytes of rows in memory, of all partitions, at which the largest become row groups.
    static let waitingBytesMax = 64 << 20

    init(names: ParquetNames, options: ParquetOptions, columns: [String], promotion: PartitionPromotion) {
        self.names = names
        self.options = options
        self.columns = columns
        self.promotion = promotion
    }

    func takeUp(rows: Int64) throws -> Bool {
        guard let folder = try StagingFolder(existing: names.staging) else { return try promotion.isDone() }
        if folder.decided.map(promotion.owns) == true {
            self.folder = folder
        } else if let found = folder.prepared, promotion.owns(found), found.rows == rows,
            found.parts.allSatisfy({ FileSize.of(folder.path + "/" + $0.staged) == $0.sizeBytes })
        {
            self.folder = folder
            prepared = found
        } else if try promotion.isDone() {
            self.folder = folder  // what is left of it goes
        }
        return self.folder != nil
    }

    func begin(_ schema: Schema) throws {
        let rest = try schema.without(columns)
        try Folder.requireInside(names.folder, root: names.root)
        try Folder.make(names.folder)
        try promotion.finishDecided()
        let folder = try StagingFolder(path: names.staging)
        folder.empty()
        self.folder = folder
        self.schema = rest
    }

    func write(_ batch: RecordBatch) throws {
        for part in try batch.partitioned(by: columns) {
            let target = try target(for: part.folder)
            waitingBytes -= target.waitingBytes
            try target.add(part.batch)
            waitingBytes += target.waitingBytes
        }
        sharedBytes += batch.sizeBytes
        if waitingBytes >= Self.waitingBytesMax { try makeRoom() }
        if sharedBytes >= Self.sharedBytesMax {
            for part in parts.values { try part.compact() }
            sharedBytes = 0
        }
    }

    func widen(to schema: Schema) throws {
        let rest = try schema.without(columns)
        self.schema = rest
        for part in parts.values { try part.widen(to: rest) }
    }

    func prepare() throws {
        if let folder, !parts.isEmpty {
            var manifest = promotion.manifest
            for part in parts.values.sorted(by: { $0.path < $1.path }) {
                let (rows, sizeBytes) = try part.finish()
                let name = (part.path as NSString).lastPathComponent
                manifest.parts.append(.init(staged: name, folder: part.folder, sizeBytes: sizeBytes))
                manifest.rows += rows
            }
            PartitionStep.files.reached()
            try manifest.write(PartitionManifest.preparedName, in: folder.path)
            try Folder.sync(names.folder)
            PartitionStep.listed.reached()
            prepared = manifest
        }
        try promotion.check(prepared)
    }

    func promote() throws -> Artifact? {
        let artifact = try promotion.run(prepared, in: folder)
        folder = nil
        return artifact
    }

    func discard() {
        parts = [:]
        schema = nil
        waitingBytes = 0
        sharedBytes = 0
        prepared = nil
        // Once the promotion is decided, staging is what a later attempt completes it from.
        if folder?.decided == nil { folder?.remove() }
        folder = nil
    }

    private func target(for name: String) throws -> StagedPart {
        if let part = parts[name] { return part }
        guard let folder, let schema else { preconditionFailure("rows come after their columns") }
        guard parts.count < Self.partitionsMax else {
            throw SinkError(
                code: .rejected, target: names.folder,
                message:
                    "the job has rows for more than \(Self.partitionsMax) values of \(columns.joined(separator: ", ")), "
                    + "and each is a folder; partition by a column with fewer")
        }
        let part = StagedPart(path: folder.file(parts.count), folder: name, schema: schema, options: options)
        parts[name] = part
        return part
    }

    /// Writes the partitions with the most rows in memory until half of it is free.
    private func makeRoom() throws {
        for part in parts.values.sorted(by: { $0.waitingBytes > $1.waitingBytes }) {
            guard waitingBytes > Self.waitingBytesMax / 2 else { return }
            waitingBytes -= part.waitingBytes
            try part.flush()
        }
    }
}
