import Columnar
import Foundation

/// The host's end of a guest's socket; confined to the thread that runs the job.
struct GuestChannel {
    private static let headerBytes = 5
    private static let topicLengthBytes = 2
    /// The Arrow stream of a data frame begins at a multiple of this in the payload.
    private static let alignmentBytes = 64

    let socket: Int32
    /// Readable once the process has ended.
    let process: Int32

    /// Sends a control frame.
    func send(_ type: UInt8, _ message: some Encodable, cancel: CancelSignal) throws {
        let payload = try JSONEncoder().encode(message)
        var bytes: [UInt8] = [type]
        withUnsafeBytes(of: UInt32(payload.count).bigEndian) { bytes += $0 }
        bytes += payload
        try bytes.withUnsafeBytes { bytes in
            var sent = 0
            while sent < bytes.count {
                let count = Glibc.send(
                    socket, bytes.baseAddress?.advanced(by: sent), bytes.count - sent,
                    Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
                if count > 0 {
                    sent += count
                } else if errno == EAGAIN {
                    try wait(for: POLLOUT, cancel: cancel, deadline: nil)
                } else if errno != EINTR {
                    throw GuestEnd.gone
                }
            }
        }
    }

    /// The next frame.
    ///
    /// - Throws: `GuestEnd`.
    func receive(cancel: CancelSignal, deadline: ContinuousClock.Instant? = nil) throws -> GuestFrame {
        if cancel.isRaised { throw GuestEnd.cancelled }
        var header = [UInt8](repeating: 0, count: Self.headerBytes)
        try header.withUnsafeMutableBytes { try fill($0, cancel: cancel, deadline: deadline) }
        let length = header[1...].reduce(0) { $0 << 8 | Int($1) }
        guard "HBEFP".utf8.contains(header[0]), length <= GuestLimits.frameBytesMax else {
            throw GuestEnd.garbage("\(header.map { String($0, radix: 16) }.joined(separator: " ")) begins no frame")
        }
        var memory: UnsafeMutableRawPointer?
        guard posix_memalign(&memory, Self.alignmentBytes, max(length, 1)) == 0, let memory else {
            throw GuestEnd.garbage("no memory for a frame of \(length) bytes")
        }
        let payload = UnsafeMutableRawBufferPointer(start: memory, count: length)
        do {
            try fill(payload, cancel: cancel, deadline: deadline)
        } catch {
            free(memory)
            throw error
        }
        return header[0] == GuestFrameType.data
            ? try Self.data(payload) : try Self.control(header[0], payload)
    }

    /// Takes over the payload's memory; the batches point into it.
    private static func data(_ payload: UnsafeMutableRawBufferPointer) throws -> GuestFrame {
        let memory = FrameMemory(payload)
        guard payload.count >= topicLengthBytes else { throw GuestEnd.garbage("a data frame without a topic") }
        let nameLength = Int(payload[0]) << 8 | Int(payload[1])
        let head = topicLengthBytes + nameLength
        let start = (head + alignmentBytes - 1) / alignmentBytes * alignmentBytes
        guard nameLength > 0, start <= payload.count,
            let topic = String(validating: payload[topicLengthBytes..<head], as: UTF8.self)
        else { throw GuestEnd.garbage("a data frame without a topic") }
        do {
            let stream = UnsafeRawBufferPointer(rebasing: payload[start...])
            let batches = try RecordBatch.decodeIPC(bytes: stream) { memory.release() }
            return .data(topic: topic, batches: batches)
        } catch {
            throw GuestEnd.garbage("a data frame of topic '\(topic)' that is no Arrow stream: \(error)")
        }
    }

    private static func control(_ type: UInt8, _ payload: UnsafeMutableRawBufferPointer) throws -> GuestFrame {
        guard let start = payload.baseAddress else { throw GuestEnd.garbage("a frame without a payload") }
        let bytes = Data(bytesNoCopy: start, count: payload.count, deallocator: .free)
        let decoder = JSONDecoder()
        do {
            switch type {
            case GuestFrameType.hello: return .hello(try decoder.decode(GuestFrame.Hello.self, from: bytes))
            case GuestFrameType.done: return .done(try decoder.decode(GuestFrame.Done.self, from: bytes))
            case GuestFrameType.failed: return .failed(try decoder.decode(GuestFrame.Failed.self, from: bytes))
            default: return .plugin(try decoder.decode(GuestFrame.Plugin.self, from: bytes))
            }
        } catch {
            throw GuestEnd.garbage("a frame '\(Character(Unicode.Scalar(type)))' that is not the JSON it should be")
        }
    }

    private func fill(
        _ buffer: UnsafeMutableRawBufferPointer, cancel: CancelSignal, deadline: ContinuousClock.Instant?
    ) throws {
        var filled = 0
        while filled < buffer.count {
            let count = recv(
                socket, buffer.baseAddress?.advanced(by: filled), buffer.count - filled, Int32(MSG_DONTWAIT))
            if count > 0 {
                filled += count
            } else if count < 0, errno == EAGAIN {
                try wait(for: POLLIN, cancel: cancel, deadline: deadline)
            } else if count == 0 || errno != EINTR {
                throw GuestEnd.gone
            }
        }
    }

    /// Blocks until the socket is ready; what the guest still sent before it ended is ready first.
    private func wait(for event: Int32, cancel: CancelSignal, deadline: ContinuousClock.Instant?) throws {
        var entries = [
            pollfd(fd: socket, events: Int16(event), revents: 0),
            pollfd(fd: process, events: Int16(POLLIN), revents: 0),
            pollfd(fd: cancel.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        while true {
            var milliseconds: Int32 = -1
            if let deadline {
                let left = ContinuousClock.now.duration(to: deadline)
                guard left > .zero else { throw GuestEnd.timedOut }
                milliseconds = left.milliseconds
            }
            let count = poll(&entries, nfds_t(entries.count), milliseconds)
            if count == 0 || (count < 0 && errno == EINTR) { continue }
            if entries[2].revents != 0 { throw GuestEnd.cancelled }
            if entries[0].revents != 0 { return }
            throw GuestEnd.gone
        }
    }
}

/// Frees a frame's memory when the last batch that points into it is gone.
private final class FrameMemory: @unchecked Sendable {
    // Sendable: the pointer is constant and `release` is called once, by the batches' last owner or on failure.
    private let start: UnsafeMutableRawPointer?
    private let isFreed = Once()
    init(_ payload: UnsafeMutableRawBufferPointer) { start = payload.baseAddress }
    deinit { release() }
    func release() { if isFreed.first() { free(start) } }
}
