import CasparianTestKit
import CasparianModel
import CasparianRouting
import Foundation
import Testing

@testable import FileDiscovery

@Suite struct FolderWalkTests {
    private func paths(_ folder: TemporaryFolder, ignoring patterns: [String] = []) throws -> [String] {
        var walk = FolderWalk(root: folder.path, ignored: try IgnoreMatcher(patterns))
        var found: [String] = []
        try walk.run { found.append($0.relativePath) }
        return found
    }

    @Test func `files come folder by folder in the order of their bytes, hidden ones too`() throws {
        let folder = try TemporaryFolder()
        for name in ["b.csv", "a/z.csv", "a/.hidden", "a/deep/x", "c/1", "ä", "B"] { try folder.write("", to: name) }
        #expect(try paths(folder) == ["B", "b.csv", "ä", "a/.hidden", "a/z.csv", "a/deep/x", "c/1"])
    }

    @Test func `an ignored folder is not even opened`() throws {
        let folder = try TemporaryFolder()
        try folder.write("", to: "node_modules/a/b.csv")
        try folder.write("", to: "kept/b.csv")
        try folder.write("", to: "kept/x.tmp")
        // A folder that cannot be opened would be a problem, if it were looked at.
        let longName = String(repeating: "n", count: 200)
        try folder.write("", to: "node_modules/\(longName)/x")
        var walk = FolderWalk(root: folder.path, ignored: try IgnoreMatcher(["*", "!kept/", "!*.csv"]))
        var found: [String] = []
        try walk.run { found.append($0.relativePath) }
        #expect(found == ["kept/b.csv"])
        #expect(walk.problems.isEmpty)
    }

    @Test func `a link to a file counts as the file, links to folders, to nothing and to themselves do not`() throws {
        let folder = try TemporaryFolder()
        let files = FileManager.default
        try folder.write("abc", to: "data/real.csv")
        let links = [
            ("link.csv", "data/real.csv"), ("loop", "."), ("data/up", ".."), ("none", "nowhere"), ("self", "self"),
        ]
        for (link, target) in links {
            try files.createSymbolicLink(atPath: folder.path + "/" + link, withDestinationPath: target)
        }
        var walk = FolderWalk(root: folder.path, ignored: try IgnoreMatcher([]))
        var found: [String: Int64] = [:]
        try walk.run { found[$0.relativePath] = $0.sizeBytes }
        #expect(found == ["data/real.csv": 3, "link.csv": 3])
        #expect(walk.problems.isEmpty)
    }

    @Test func `pipes are left out`() throws {
        let folder = try TemporaryFolder()
        try folder.write("", to: "file")
        #expect(mkfifo(folder.path + "/pipe", 0o600) == 0)
        #expect(try paths(folder) == ["file"])
    }

    @Test func `a name that is not UTF-8 is reported and the other files are found`() throws {
        let folder = try TemporaryFolder()
        try folder.write("", to: "good.csv")
        let bad = Array((folder.path + "/bad").utf8CString.dropLast()) + [CChar(bitPattern: 0xff), 0]
        let descriptor = open(bad, O_CREAT | O_WRONLY, 0o600)
        try #require(descriptor >= 0)
        close(descriptor)
        defer { unlink(bad) }
        var walk = FolderWalk(root: folder.path, ignored: try IgnoreMatcher([]))
        var found: [String] = []
        try walk.run { found.append($0.relativePath) }
        #expect(found == ["good.csv"])
        #expect(walk.problems.map(\.path) == [folder.path])
        #expect(walk.problems.first?.message.contains("not UTF-8") == true)
    }

    @Test func `a root that is not there, or is a file, is an error that names it`() throws {
        let folder = try TemporaryFolder()
        try folder.write("", to: "file")
        for name in ["none", "file"] {
            let path = folder.path + "/" + name
            var walk = FolderWalk(root: path, ignored: try IgnoreMatcher([]))
            let error = #expect(throws: DiscoveryError.self) { try walk.run { _ in } }
            #expect(error?.description.hasPrefix(path + ": ") == true)
        }
    }

    @Test func `size and time are the file's, the time cut to microseconds`() throws {
        let folder = try TemporaryFolder()
        try folder.write("12345", to: "a")
        folder.touch("a", secondsSinceEpoch: 1_700_000_000, nanoseconds: 123_456_789)
        var walk = FolderWalk(root: folder.path, ignored: try IgnoreMatcher([]))
        var found: [FoundFile] = []
        try walk.run { found.append($0) }
        #expect(found.map(\.sizeBytes) == [5])
        #expect(found.map(\.modified.microsecondsSinceEpoch) == [1_700_000_000_123_456])
    }
}
