import CasparianRouting
import CasparianTestKit
import FileDiscovery
import Foundation
import Testing

@Suite struct WalkTests {
    private let folder: TemporaryFolder
    private var root: String { folder.path }

    init() throws {
        folder = try TemporaryFolder()
        try folder.write("x", to: "a/b/one.csv")
        try folder.write("abc", to: "two.csv")
        try folder.write("t", to: "skip.tmp")
        try FileManager.default.createSymbolicLink(atPath: folder.file("a/loop"), withDestinationPath: root)
    }

    @Test("a walk finds regular files, does not follow folder links and leaves out what is ignored")
    func walk() throws {
        var walk = FolderWalk(root: root, ignored: try IgnoreMatcher(["*.tmp"]))
        var found: [String] = []
        try walk.run { found.append($0.relativePath) }
        #expect(found.sorted() == ["a/b/one.csv", "two.csv"])
        #expect(walk.problems.isEmpty)
    }

    @Test("a file's hash is its SHA-256")
    func hash() throws {
        #expect(
            try FileHasher.hash(path: root + "/two.csv").hex
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(throws: DiscoveryError.self) { _ = try FileHasher.hash(path: root + "/none") }
    }
}
