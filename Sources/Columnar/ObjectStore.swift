import CArrow
import Foundation

/// Objects of an S3 bucket. Credentials, region and endpoint are found as every AWS client finds them: environment
/// (`AWS_ACCESS_KEY_ID`, `AWS_REGION`, `AWS_ENDPOINT_URL`, ...), configuration files, the machine's role.
public final class ObjectStore: @unchecked Sendable {
    // Sendable: the handle is constant, and Arrow's file systems may be used from any thread.
    private let handle: OpaquePointer

    /// Loads the S3 library at its first use.
    ///
    /// - Parameters:
    ///   - bucket: Its name.
    ///   - region: Nil: found out.
    /// - Throws: `.unsupported` when Arrow came without S3, `.invalid` for a name that no bucket has.
    public init(bucket: String, region: String? = nil) throws(ColumnarError) {
        let uri = "s3://\(bucket)" + (region.map { "?region=\($0)" } ?? "")
        handle = try checked(uri) { ca_store_open(uri, $0) }
    }

    deinit { ca_store_release(handle) }

    /// Bytes of an object; 0 for a bucket or a folder, nil if there is none.
    ///
    /// - Parameter path: `bucket/key`, or the bucket.
    public func size(of path: String) throws(ColumnarError) -> Int64? {
        var size: Int64 = -1
        try checkedDone(path) { ca_store_size(handle, path, &size, $0) }
        return size < 0 ? nil : size
    }

    /// Names of the objects right below a folder.
    public func names(in folder: String) throws(ColumnarError) -> [String] {
        var text: UnsafeMutablePointer<CChar>?
        try checkedDone(folder) { ca_store_names(handle, folder, &text, $0) }
        defer { free(text) }
        return text.map { String(cString: $0).split(separator: "\u{1E}").map(String.init) } ?? []
    }

    /// What a Parquet object says about itself; its rows are not fetched.
    public func footer(of path: String) throws(ColumnarError) -> ParquetFooter {
        var rows: Int64 = 0
        var text: UnsafeMutablePointer<CChar>?
        try checkedDone(path) { ca_store_footer(handle, path, &rows, &text, $0) }
        defer { free(text) }
        return ParquetFooter(rows: rows, keyValues: text.map { NamedTypes.decode(String(cString: $0)) } ?? [:])
    }

    /// Removes an object, if it is there.
    public func remove(_ path: String) throws(ColumnarError) {
        try checkedDone(path) { ca_store_remove(handle, path, $0) }
    }

    /// Sends a local file; the object is not there before `Upload.complete`.
    ///
    /// - Parameters:
    ///   - file: Path of the file.
    ///   - path: `bucket/key`.
    public func upload(_ file: String, to path: String) throws(ColumnarError) -> Upload {
        Upload(handle: try checked(path) { ca_upload_begin(handle, file, path, $0) }, path: path)
    }

    /// An object on its way, all of whose bytes are there. It is taken back when the value goes before it is complete.
    public final class Upload {
        private let handle: OpaquePointer
        private let path: String

        fileprivate init(handle: OpaquePointer, path: String) {
            self.handle = handle
            self.path = path
        }

        deinit { ca_upload_abort(handle) }

        /// Makes the object, in the place of one that is there.
        public func complete() throws(ColumnarError) {
            try checkedDone(path) { ca_upload_complete(handle, $0) }
        }
    }
}
