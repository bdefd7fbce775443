import CasparianTestKit
import CasparianModel
import Crypto
import Foundation
import Testing

@testable import FileDiscovery

@Suite struct FileHasherTests {
    @Test("the hash is the SHA-256 of all bytes, around the size of a block", arguments: [0, 1, 4095, -1, 0, 1, 12345])
    func sizes(difference: Int) throws {
        let folder = try TemporaryFolder()
        let sizes = [
            0, FileHasher.blockBytes, FileHasher.readAheadBytes, FileHasher.readAheadBytes + 3 * ReadAhead.blockBytes,
        ]
        // No power of two, so that no two blocks are alike.
        let period = Data((0..<10_007).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) })
        for size in Set(sizes.map { abs($0 + difference) }) {
            var data = Data(capacity: size + period.count)
            while data.count < size { data.append(period) }
            data.removeLast(data.count - size)
            try data.write(to: URL(fileURLWithPath: folder.path + "/x"))
            let file = try FileHasher.read(path: folder.path + "/x")
            #expect(file.contentHash == ContentHash(digest: SHA256.hash(data: data)))
            #expect(file.sizeBytes == Int64(size))
        }
    }

    @Test func `a file is hashed only when a later write is bound to change its time`() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/x"
        for round in 0..<20 {
            try folder.write("\(10 + round)", to: "x")
            let first = try FileHasher.read(path: path)
            // The same size, at once.
            try folder.write("\(50 + round)", to: "x")
            let second = try FileHasher.read(path: path)
            #expect(first.contentHash != second.contentHash)
            #expect(first.modified != second.modified, "a scan that compares times would never see the second write")
        }
    }

    @Test func `a time in the future does not hold up the hash`() throws {
        let folder = try TemporaryFolder()
        try folder.write("x", to: "x")
        folder.touch("x", secondsSinceEpoch: 4_000_000_000)
        let clock = ContinuousClock()
        let elapsed = try clock.measure { _ = try FileHasher.read(path: folder.path + "/x") }
        #expect(elapsed < .seconds(300))
        #expect(try FileHasher.read(path: folder.path + "/x").modified.secondsSinceEpoch == 4_000_000_000)
    }

    @Test func `what is not there and what is no file are errors that name it`() throws {
        let folder = try TemporaryFolder()
        #expect(mkfifo(folder.path + "/pipe", 0o600) == 0)
        let gone = #expect(throws: DiscoveryError.self) { try FileHasher.read(path: folder.path + "/none") }
        #expect(gone?.isGone == true)
        for name in ["pipe", ""] {
            let error = #expect(throws: DiscoveryError.self) { try FileHasher.read(path: folder.path + "/" + name) }
            #expect(error?.path == folder.path + "/" + name)
            #expect(error?.message.contains("not a regular file") == true)
        }
    }

    @Test func `a file that grows while it is read is refused`() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/growing"
        try Data(count: 64 << 20).write(to: URL(fileURLWithPath: path))
        let isDone = Flag()
        let writes = DispatchSemaphore(value: 0)
        let hasEnded = DispatchSemaphore(value: 0)
        // A thread of its own: tasks may have to wait for each other.
        Thread.detachNewThread {
            let descriptor = open(path, O_WRONLY | O_APPEND)
            while !isDone.isRaised, write(descriptor, "x", 1) == 1 { writes.signal() }
            close(descriptor)
            hasEnded.signal()
        }
        writes.wait()
        // The writer may not get to run while the file is read once.
        var result = Result { try FileHasher.read(path: path) }
        for _ in 1..<20 {
            guard case .success = result else { break }
            result = Result { try FileHasher.read(path: path) }
        }
        isDone.raise()
        hasEnded.wait()
        let error = #expect(throws: DiscoveryError.self) { try result.get() }
        #expect(error?.message.contains("changes while it is read") == true)
    }
}
