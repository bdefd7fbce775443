import CArrow
import Foundation

extension RecordBatch {
    /// Decodes one complete Arrow IPC stream without copying its bytes.
    ///
    /// - Parameters:
    ///   - bytes: The stream; must stay where it is until `release` is called.
    ///   - release: Called once, when the last batch is gone, or before this throws; on any thread.
    /// - Throws: `.invalid` or `.io` with Arrow's text for bytes that are no valid stream.
    public static func decodeIPC(
        bytes: UnsafeRawBufferPointer, release: @escaping @Sendable () -> Void
    ) throws(ColumnarError) -> [RecordBatch] {
        let context = Unmanaged.passRetained(ReleaseBox(release)).toOpaque()
        var handles: UnsafeMutablePointer<OpaquePointer?>?
        var count: Int64 = 0
        try checkedDone("Arrow IPC stream") { error in
            ca_ipc_decode(
                bytes.baseAddress, Int64(bytes.count),
                { context in
                    guard let context else { return }
                    Unmanaged<ReleaseBox>.fromOpaque(context).takeRetainedValue().release()
                }, context, &handles, &count, error)
        }
        defer { free(handles) }
        return (0..<Int(count)).compactMap { handles?[$0].map(RecordBatch.init(owning:)) }
    }

    /// One complete Arrow IPC stream that holds this batch.
    public func encodeIPC() throws(ColumnarError) -> [UInt8] {
        var bytes: UnsafeMutableRawPointer?
        var length: Int64 = 0
        try checkedDone("Arrow IPC stream") { ca_ipc_encode(handle, &bytes, &length, $0) }
        defer { free(bytes) }
        return Array(UnsafeRawBufferPointer(start: bytes, count: Int(length)))
    }

    /// Fills an `ArrowArray` and an `ArrowSchema` of the Arrow C data interface; the caller releases both.
    public func exportCData(array: UnsafeMutableRawPointer, schema: UnsafeMutableRawPointer) throws(ColumnarError) {
        try checkedDone("") { ca_batch_export(handle, array, schema, $0) }
    }

    /// Takes over an `ArrowArray` (a struct) and its `ArrowSchema`, also when it throws.
    public convenience init(
        importingArray array: UnsafeMutableRawPointer, schema: UnsafeMutableRawPointer
    ) throws(ColumnarError) {
        self.init(owning: try checked("") { ca_batch_import(array, schema, $0) })
    }
}

private final class ReleaseBox: Sendable {
    let release: @Sendable () -> Void
    init(_ release: @escaping @Sendable () -> Void) { self.release = release }
}
