import CasparianTestKit
import Foundation
import Testing

@testable import FileDiscovery

@Suite struct ReadAheadTests {
    @Test func `reading ends at once when the reader is as far ahead as it may be`() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/x"
        let ahead = ReadAhead.blocks * ReadAhead.blockBytes
        try Data(count: 2 * ahead).write(to: URL(fileURLWithPath: path))
        for _ in 0..<10 {
            let descriptor = open(path, O_RDONLY)
            defer { close(descriptor) }
            var blocks = 0
            // A semaphore that is worth less than at first when it goes ends the process.
            let code = ReadAhead(descriptor).forEach { _ in
                blocks += 1
                while lseek(descriptor, 0, SEEK_CUR) < ahead { usleep(1000) }
                return false
            }
            #expect(code == 0)
            #expect(blocks == 1)
        }
    }
}
