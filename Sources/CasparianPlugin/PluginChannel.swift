import Columnar
import Foundation
import Synchronization

/// The guest's end of the socket to the worker. Sending may come from any thread.
final class PluginChannel: Sendable {
    struct Order {
        var type: Character
        var payload: Data
    }

    /// Neither side takes a longer payload.
    private static let frameBytesMax = 512 << 20
    /// The Arrow stream of a data frame begins at a multiple of this in the payload.
    private static let alignmentBytes = 64
    /// Rows in one frame.
    private static let rowsMax = 65_536

    private let descriptor: Int32
    private let sending = Mutex(())

    init(descriptor: Int32) { self.descriptor = descriptor }

    /// The next order; nil when the worker has closed the channel.
    ///
    /// - Throws: `PluginChannelError`.
    func receive() throws -> Order? {
        guard let header = try read(5) else { return nil }
        let length = header[1...].reduce(0) { $0 << 8 | Int($1) }
        guard length <= Self.frameBytesMax else {
            throw PluginChannelError(reason: "the worker announced a frame of \(length) bytes")
        }
        guard let payload = length == 0 ? [] : try read(length) else { return nil }
        return Order(type: Character(Unicode.Scalar(header[0])), payload: Data(payload))
    }

    /// Sends a report.
    func send(_ type: Character, _ message: some Encodable) throws {
        try send(type.asciiValue ?? 0, [UInt8](try JSONEncoder().encode(message)))
    }

    /// Sends rows of a topic, in frames of a good size.
    func send(_ topic: String, _ batch: RecordBatch) throws {
        let name = Array(topic.utf8)
        guard (1...255).contains(name.count) else {
            throw PluginChannelError(reason: "a topic is a text of 1 to 255 bytes, not '\(topic)'")
        }
        var start = 0
        while start < batch.rowCount {
            let part = batch.slice(from: start, count: min(Self.rowsMax, batch.rowCount - start))
            start += part.rowCount
            var payload: [UInt8] = [UInt8(name.count >> 8), UInt8(name.count & 0xFF)] + name
            payload += Array(
                repeating: 0, count: (Self.alignmentBytes - payload.count % Self.alignmentBytes) % Self.alignmentBytes)
            payload += try part.encodeIPC()
            guard payload.count <= Self.frameBytesMax else {
                throw PluginChannelError(
                    reason: "rows of topic '\(topic)' take \(payload.count) bytes at once; hand over smaller parts")
            }
            try send(UInt8(ascii: "B"), payload)
        }
    }

    private func send(_ type: UInt8, _ payload: [UInt8]) throws {
        let header = [type] + withUnsafeBytes(of: UInt32(payload.count).bigEndian) { Array($0) }
        try sending.withLock { _ in
            try write(header)
            try write(payload)
        }
    }

    private func write(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { bytes in
            var sent = 0
            while sent < bytes.count {
                let count = Glibc.write(descriptor, bytes.baseAddress?.advanced(by: sent), bytes.count - sent)
                if count > 0 {
                    sent += count
                } else if errno != EINTR {
                    throw PluginChannelError(reason: "the worker is gone")
                }
            }
        }
    }

    /// Nil at the end of the stream.
    private func read(_ count: Int) throws -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let got = bytes.withUnsafeMutableBytes { buffer in
                Glibc.read(descriptor, buffer.baseAddress?.advanced(by: filled), count - filled)
            }
            if got > 0 {
                filled += got
            } else if got == 0 || errno != EINTR {
                return nil
            }
        }
        return bytes
    }
}

/// Nothing can be sent to the worker, or not like this.
public struct PluginChannelError: Error, Hashable, Sendable, CustomStringConvertible {
    public let reason: String
    public var description: String { reason }
}
