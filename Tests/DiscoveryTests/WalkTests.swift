import CasparianRouting
import FileDiscovery
import Foundation
import Testing

@Suite struct WalkTests {
    private func folder() throws -> String {
        let path = NSTemporaryDirectory() + "casparian-walk-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path + "/a/b", withIntermediateDirectories: true)
        try "x".write(toFile: path + "/a/b/one.csv", atomically: false, encoding: .utf8)
        try "abc".write(toFile: path + "/two.csv", atomically: false, encoding: .utf8)
        try "t".write(toFile: path + "/skip.tmp", atomically: false, encoding: .utf8)
        try FileManager.default.createSymbolicLink(atPath: path + "/a/loop", withDestinationPath: path)
        return path
    }

    @Test("a walk finds regular files, does not follow folder links and leaves out what is ignored")
    func walk() throws {
        let root = try folder()
        defer { try? FileManager.default.removeItem(atPath: root) }
        var walk = FolderWalk(root: root, ignored: try IgnoreMatcher(["*.tmp"]))
        var found: [String] = []
        try walk.run { found.append($0.relativePath) }
        #expect(found.sorted() == ["a/b/one.csv", "two.csv"])
        #expect(walk.problems.isEmpty)
    }

    @Test("a file's hash is its SHA-256")
    func hash() throws {
        let root = try folder()
        defer { try? FileManager.default.removeItem(atPath: root) }
        #expect(
            try FileHasher.hash(path: root + "/two.csv").hex
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(throws: DiscoveryError.self) { _ = try FileHasher.hash(path: root + "/none") }
    }
}
