/// Bytes on their way into a COPY, in a buffer that is sent when it is full and used again.
final class CopyBuffer {
    typealias Send = (UnsafeRawBufferPointer) throws(ServerError) -> Void

    let base: UnsafeMutableRawPointer
    /// Bytes that wait in it.
    var count = 0
    private let send: Send

    /// What is sent at once; larger texts are sent from where they are.
    static let chunkBytes = 64 * 1024
    /// Above that, for what a row has beside texts and binaries: 1,600 columns at most.
    private static let rowRoomBytes = PostgreSQLOptions.columnsMax * (4 + CellEncoder.fixedBytesMax) + 2

    init(send: @escaping Send) {
        base = .allocate(byteCount: Self.chunkBytes + Self.rowRoomBytes, alignment: 8)
        self.send = send
    }

    deinit { base.deallocate() }

    func flush() throws(ServerError) {
        try send(UnsafeRawBufferPointer(start: base, count: count))
        count = 0
    }

    /// Sends what waits, then these, without copying them.
    func sendDirectly(_ bytes: UnsafeRawBufferPointer) throws(ServerError) {
        try flush()
        var start = 0
        while start < bytes.count {
            let end = min(start + Self.chunkBytes, bytes.count)
            try send(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
            start = end
        }
    }

    /// "PGCOPY", flags and the length of an extension (https://www.postgresql.org/docs/15/sql-copy.html, Binary Format).
    func putHeader() {
        let header: [UInt8] = [0x50, 0x47, 0x43, 0x4F, 0x50, 0x59, 0x0A, 0xFF, 0x0D, 0x0A, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        (base + count).copyMemory(from: header, byteCount: header.count)
        count += header.count
    }

    func putTrailer() throws(ServerError) {
        (base + count).storeBytes(of: -1, as: Int16.self)
        count += 2
        try flush()
    }
}
