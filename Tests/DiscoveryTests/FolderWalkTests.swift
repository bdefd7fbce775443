import CasparianTestKit
import CasparianModel
import CasparianRouting
import Crypto
import Foundation
import Synchronization
import Testing

@testable import FileDiscovery

@Suite struct FolderWalkTests {
    private func walk(
        _ folder: TemporaryFolder, ignoring patterns: [String] = []
    ) throws -> (files: [FoundFile], summary: FolderWalk.Summary) {
        let walk = FolderWalk(root: folder.path, ignored: try IgnoreMatcher(patterns))
        let found = Mutex<[FoundFile]>([])
        let summary = try walk.run { contents in
            found.withLock { $0 += contents.files }
            return true
        }
        return (found.withLock { $0.sorted { $0.relativePath < $1.relativePath } }, summary)
    }

    private func paths(_ folder: TemporaryFolder, ignoring patterns: [String] = []) throws -> [String] {
        try walk(folder, ignoring: patterns).files.map(\.relativePath)
    }

    @Test func `every file is found once, hidden ones too, those of a folder in the order of their bytes`() throws {
        let folder = try TemporaryFolder()
        let names = ["b.csv", "a/z.csv", "a/.hidden", "a/deep/x", "c/1", "ä", "B"]
        for name in names { try folder.write("", to: name) }
        #expect(try Set(paths(folder)) == Set(names) && paths(folder).count == names.count)
        let walk = FolderWalk(root: folder.path, ignored: .nothing)
        let folders = Mutex<[String: [String]]>([:])
        _ = try walk.run { contents in
            folders.withLock { $0[contents.path] = contents.files.map(\.relativePath) }
            return true
        }
        #expect(
            folders.withLock { $0 }
                == ["": ["B", "b.csv", "ä"], "a": ["a/.hidden", "a/z.csv"], "a/deep": ["a/deep/x"], "c": ["c/1"]])
    }

    @Test func `a walk below a folder sees that folder only, with paths from the root`() throws {
        let folder = try TemporaryFolder()
        for name in ["a/x", "a/b/y", "ab/z", "top"] { try folder.write("", to: name) }
        let walk = FolderWalk(root: folder.path, ignored: .nothing)
        let found = Mutex<[String]>([])
        _ = try walk.run(below: "a") { contents in
            found.withLock { $0 += contents.files.map(\.relativePath) }
            return true
        }
        #expect(found.withLock { $0.sorted() } == ["a/b/y", "a/x"])
    }

    @Test func `thousands of folders are each read once, and a visitor can end the walk`() throws {
        let folder = try TemporaryFolder()
        for number in 0..<3000 { try folder.write("", to: "\(number % 7)/\(number % 61)/\(number)/x") }
        #expect(try paths(folder).count == 3000)
        let walk = FolderWalk(root: folder.path, ignored: .nothing, threads: 4)
        let visits = Atomic(0)
        _ = try walk.run { _ in visits.wrappingAdd(1, ordering: .relaxed).newValue < 10 }
        #expect(visits.load(ordering: .relaxed) < 20)
    }

    @Test func `a folder's digest changes with every name, size and time, and with nothing else`() throws {
        let folder = try TemporaryFolder()
        for name in ["a", "b", "sub/c"] { try folder.write("12", to: name) }
        func digest() throws -> [UInt8] {
            let found = Mutex<[UInt8]>([])
            _ = try FolderWalk(root: folder.path, ignored: .nothing).run { contents in
                if contents.path.isEmpty { found.withLock { $0 = contents.digest() } }
                return true
            }
            return found.withLock { $0 }
        }
        let first = try digest()
        #expect(try first.count == 16 && digest() == first)
        try folder.write("34", to: "sub/c")
        #expect(try digest() == first, "a file of another folder")
        folder.touch("a", secondsSinceEpoch: 1_700_000_000)
        let touched = try digest()
        #expect(touched != first)
        #expect(rename(folder.file("b"), folder.file("bb")) == 0)
        let renamed = try digest()
        #expect(renamed != touched)
        try FileManager.default.removeItem(atPath: folder.file("a"))
        #expect(try digest() != renamed)
    }

    @Test func `an ignored folder is not even opened`() throws {
        let folder = try TemporaryFolder()
        try folder.write("", to: "node_modules/a/b.csv")
        try folder.write("", to: "kept/b.csv")
        try folder.write("", to: "kept/x.tmp")
        // A folder that cannot be opened would be a problem, if it were looked at.
        let longName = String(repeating: "n", count: 200)
        try folder.write("", to: "node_modules/\(longName)/x")
        let (files, summary) = try walk(folder, ignoring: ["*", "!kept/", "!*.csv"])
        #expect(files.map(\.relativePath) == ["kept/b.csv"])
        #expect(summary.problems.isEmpty && summary.folders == 2)
    }

    @Test func `symbolic links are counted and not followed, wherever they lead`() throws {
        let folder = try TemporaryFolder()
        let outside = try TemporaryFolder()
        try outside.write("secret", to: "x.csv")
        let files = FileManager.default
        try folder.write("abc", to: "data/real.csv")
        let links = [
            ("link.csv", "data/real.csv"), ("loop", "."), ("data/up", ".."), ("none", "nowhere"), ("self", "self"),
            ("out", outside.path), ("out.csv", outside.file("x.csv")),
        ]
        for (link, target) in links {
            try files.createSymbolicLink(atPath: folder.path + "/" + link, withDestinationPath: target)
        }
        let (found, summary) = try walk(folder)
        #expect(found.map(\.relativePath) == ["data/real.csv"])
        #expect(summary.problems.isEmpty && summary.links == links.count)
    }

    @Test func `a folder that becomes a link on the way does not lead outside`() throws {
        let folder = try TemporaryFolder()
        let outside = try TemporaryFolder()
        try outside.write("secret", to: "in/x.csv")
        try folder.write("abc", to: "a/in/x.csv")
        let root = try RootFolder(path: folder.path)
        #expect(try root.file("a/in/x.csv")?.sizeBytes == 3)
        #expect(rename(folder.file("a"), folder.file("b")) == 0)
        try FileManager.default.createSymbolicLink(atPath: folder.file("a"), withDestinationPath: outside.path)
        #expect(try root.file("a/in/x.csv") == nil)
        #expect(throws: DiscoveryError.self) { try root.file("../x") }
        let error = #expect(throws: DiscoveryError.self) { try FileHasher().read("a/in/x.csv", in: root) }
        #expect(error?.isGone == true)
    }

    @Test func `pipes are left out`() throws {
        let folder = try TemporaryFolder()
        try folder.write("", to: "file")
        #expect(mkfifo(folder.path + "/pipe", 0o600) == 0)
        #expect(try paths(folder) == ["file"])
    }

    @Test func `names that are not UTF-8 have texts that lead back to them`() throws {
        let folder = try TemporaryFolder()
        let names: [[UInt8]] = [
            [0x62, 0xE9, 0x2E, 0x63], [0xFF], Array("a\\xE9".utf8), Array("back\\slash".utf8), Array("\\x5C".utf8),
            [0xC3, 0x28], [0xED, 0xA0, 0x80], Array("ä".utf8), [0x5C, 0xE9], Array("\\xe9".utf8),
        ]
        for name in names {
            let path = (Array((folder.path + "/").utf8) + name + [0]).map { CChar(bitPattern: $0) }
            let descriptor = open(path, O_CREAT | O_WRONLY, 0o600)
            try #require(descriptor >= 0)
            #expect(write(descriptor, name, name.count) == name.count)
            close(descriptor)
        }
        let (files, summary) = try walk(folder)
        #expect(summary.problems.isEmpty)
        #expect(Set(files.map { PathText.bytes($0.relativePath) }) == Set(names))
        #expect(Set(files.map(\.relativePath)).isSuperset(of: ["b\\xE9.c", "\\xFF", "a\\x5CxE9", "back\\slash", "ä"]))
        let root = try RootFolder(path: folder.path)
        for file in files {
            let hash = ContentHash(digest: SHA256.hash(data: Data(PathText.bytes(file.relativePath))))
            #expect(try FileHasher().read(file.relativePath, in: root).contentHash == hash)
            #expect(try FileHasher.hash(path: folder.path + "/" + file.relativePath) == hash)
        }
    }

    @Test func `a root that is not there, or is a file, is an error that names it`() throws {
        let folder = try TemporaryFolder()
        try folder.write("", to: "file")
        for name in ["none", "file"] {
            let path = folder.path + "/" + name
            let walk = FolderWalk(root: path, ignored: .nothing)
            let error = #expect(throws: DiscoveryError.self) { try walk.run { _ in true } }
            #expect(error?.description.hasPrefix(path + ": ") == true)
        }
    }

    @Test func `size and time are the file's, the time cut to microseconds`() throws {
        let folder = try TemporaryFolder()
        try folder.write("12345", to: "a")
        folder.touch("a", secondsSinceEpoch: 1_700_000_000, nanoseconds: 123_456_789)
        let found = try walk(folder).files
        #expect(found.map(\.sizeBytes) == [5])
        #expect(found.map(\.modified.microsecondsSinceEpoch) == [1_700_000_000_123_456])
    }
}
