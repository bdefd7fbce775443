import CasparianModel
import CasparianSinks
import Columnar

/// Where a job's object ends up in a bucket, and where on the disk it is staged.
struct ObjectPlace {
    let bucket: String
    /// `bucket/prefix`, without an end slash.
    let folder: String
    /// `bucket/prefix/name_<job>.parquet`
    let key: String
    /// Of the file on the disk.
    let names: ParquetNames

    static let scheme = "parquet+s3"
    /// Where files are staged.
    static func stagingRoot(below outputRoot: String) -> String { outputRoot + "/" + ParquetNames.ownFolder + "/s3" }

    /// `parquet+s3://bucket/prefix/name.parquet` becomes the key `prefix/name_<job>.parquet`,
    /// `parquet+s3://bucket/prefix` becomes `prefix/data_<job>.parquet` (docs/sinks.md).
    ///
    /// - Throws: `SinkError` with `.invalidURI`.
    init(uri: SinkURI, job: JobID, outputRoot: String) throws {
        let bucket = uri.place.prefix { $0 != "/" }
        guard !bucket.isEmpty, bucket.utf8.allSatisfy(Self.isBucketByte), !bucket.hasSuffix(ParquetNames.suffix) else {
            throw SinkError(
                code: .invalidURI, target: uri.description,
                message: "a place in an object store is bucket/prefix, for example parquet+s3://lake/sales.parquet; "
                    + "credentials come from the environment, never from the URI")
        }
        let names = try ParquetNames(uri: uri, job: job, outputRoot: Self.stagingRoot(below: outputRoot))
        self.bucket = String(bucket)
        folder = String(names.folder.dropFirst(names.root.count + 1))
        key = folder + "/" + names.fileName
        // Two prefixes never share a staging file: FNV-1a, 64 bits.
        let hash = folder.utf8.reduce(UInt64(0xCBF2_9CE4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        self.names = names.moved(to: String(hash, radix: 16))
    }

    /// Letters, digits, dots, hyphens and underscores: bucket names of S3 and of servers like it.
    private static func isBucketByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    var uri: String { Self.scheme + "://" + key }

    /// What went wrong there, and what to do.
    func error(_ error: ColumnarError) -> SinkError {
        let refusals = [
            "ACCESS_DENIED", "NO_SUCH_BUCKET", "INVALID_ACCESS_KEY_ID", "SIGNATURE_DOES_NOT_MATCH",
            "INVALID_CLIENT_TOKEN_ID",
            "EXPIRED_TOKEN", "HTTP status 403", "HTTP status 404",
        ]
        guard error.code == .io, !refusals.contains(where: error.message.contains) else {
            return SinkError(
                code: .rejected, target: uri,
                message:
                    "\(error.message); check the bucket, AWS_REGION, and that the worker's credentials may list, read, "
                    + "write and delete there")
        }
        return SinkError(
            code: .unreachable, target: uri,
            message: "\(error.message); the job may be tried again when the store answers", isTransient: true)
    }
}
