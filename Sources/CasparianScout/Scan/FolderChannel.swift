import Dispatch
import FileDiscovery

/// Carries folders from the threads that walk to the task that records; who is ahead waits.
final class FolderChannel: Sendable {
    /// Folders on their way at most.
    static let capacity = 256

    struct Item: Sendable {
        var contents: FolderContents
        var digest: [UInt8]
    }

    // Created with 0, since one that is worth less than at its creation when it goes ends the process.
    private let room = DispatchSemaphore(value: 0)
    private let stream: AsyncStream<Item>
    private let continuation: AsyncStream<Item>.Continuation

    init() {
        (stream, continuation) = AsyncStream.makeStream(of: Item.self)
        for _ in 0..<Self.capacity { room.signal() }
    }

    /// Blocks while the channel is full. False once nobody listens any more.
    func send(_ item: Item) -> Bool {
        room.wait()
        if case .enqueued = continuation.yield(item) { return true }
        // For the next sender.
        room.signal()
        return false
    }

    /// Nothing more is sent, or wanted.
    func finish() {
        continuation.finish()
        for _ in 0..<Self.capacity { room.signal() }
    }

    /// For one listener.
    var items: AsyncMapSequence<AsyncStream<Item>, Item> {
        stream.map { [room] item in
            room.signal()
            return item
        }
    }
}
