import Dispatch
import Foundation
import Synchronization

/// Reads a file on a thread of its own, some blocks ahead of the one who uses them, so that neither waits for the other.
final class ReadAhead: @unchecked Sendable {
    // A block of `memory` is used by one thread at a time: the semaphores hand it over.

    /// Bytes of a block.
    static let blockBytes = 1 << 19
    /// Blocks that are read ahead at most.
    static let blocks = 4

    private let memory: UnsafeMutableRawBufferPointer
    // Created with 0: one that is worth less than at its creation when it goes ends the process, and reading that stops
    // early leaves it one short.
    private let free = DispatchSemaphore(value: 0)
    private let filled = DispatchSemaphore(value: 0)
    /// For each block the bytes in it; 0 at the end of the file, minus errno after a failure.
    private let counts = Mutex([Int](repeating: 0, count: ReadAhead.blocks))
    private let isStopped = Atomic(false)
    private let reader = DispatchGroup()

    /// Begins to read.
    ///
    /// - Parameter descriptor: The file, from where it stands; left open.
    init(_ descriptor: Int32) {
        memory = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.blockBytes * Self.blocks, alignment: 4096)
        for _ in 0..<Self.blocks { free.signal() }
        DispatchQueue(label: "casparian.read").async(group: reader) { [free, filled, self] in
            for number in 0... {
                free.wait()
                if isStopped.load(ordering: .acquiring) { return }
                let count = Self.read(descriptor, Self.block(number, of: memory))
                counts.withLock { $0[number % Self.blocks] = count }
                filled.signal()
                if count <= 0 { return }
            }
        }
    }

    deinit { memory.deallocate() }

    /// Calls `body` with one block after the other until the file ends or `body` returns false.
    ///
    /// - Returns: 0, or the errno of the reading that failed.
    func forEach(_ body: (UnsafeRawBufferPointer) -> Bool) -> Int32 {
        defer {
            isStopped.store(true, ordering: .releasing)
            // As many as the reader may wait for, and as there were at first.
            for _ in 0..<Self.blocks { free.signal() }
            reader.wait()
        }
        for number in 0... {
            filled.wait()
            let count = counts.withLock { $0[number % Self.blocks] }
            guard count > 0 else { return Int32(-count) }
            let block = UnsafeRawBufferPointer(Self.block(number, of: memory))
            guard body(UnsafeRawBufferPointer(rebasing: block[..<count])) else { return 0 }
            free.signal()
        }
        return 0
    }

    private static func block(
        _ number: Int, of memory: UnsafeMutableRawBufferPointer
    ) -> UnsafeMutableRawBufferPointer {
        let start = number % blocks * blockBytes
        return UnsafeMutableRawBufferPointer(rebasing: memory[start..<start + blockBytes])
    }

    private static func read(_ descriptor: Int32, _ block: UnsafeMutableRawBufferPointer) -> Int {
        while true {
            let count = Foundation.read(descriptor, block.baseAddress, block.count)
            if count >= 0 { return count }
            if errno != EINTR { return -Int(errno) }
        }
    }
}
