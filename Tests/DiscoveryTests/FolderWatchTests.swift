import CasparianTestKit
import FileDiscovery
import Foundation
import Testing

@Suite(.timeLimit(.minutes(10))) struct FolderWatchTests {
    /// Other tests of this process hold many of the 128 instances that a user gets.
    private func start(_ root: String) async throws -> FolderWatch {
        for _ in 0..<6000 {
            let watch = FolderWatch(root: root)
            if watch.gap == nil { return watch }
            try await Task.sleep(for: .milliseconds(10))
        }
        return FolderWatch(root: root)
    }

    /// What is told until an event comes, which does come.
    private func events(_ watch: FolderWatch, until last: FolderWatch.Event) async -> [FolderWatch.Event] {
        var all: [FolderWatch.Event] = []
        for await events in watch.events {
            all += events
            if all.contains(last) { break }
        }
        return all
    }

    @Test func `a file that is written, renamed and removed is told of, in folders that are watched`() async throws {
        let folder = try TemporaryFolder()
        try folder.write("", to: "a/x")
        try folder.write("", to: "b/y")
        let watch = try await start(folder.path)
        defer { watch.close() }
        #expect(watch.gap == nil)
        watch.watch("")
        watch.watch("a")
        try folder.write("1", to: "b/y")
        try folder.write("12", to: "a/x")
        #expect(rename(folder.file("a/x"), folder.file("z")) == 0)
        try FileManager.default.removeItem(atPath: folder.file("z"))
        let told = await events(watch, until: .removed("z"))
        #expect(told.contains(.completed("a/x")) && told.contains(.removed("a/x")) && told.contains(.completed("z")))
        #expect(!told.contains { if case .touched(let path) = $0 { path.hasPrefix("b") } else { false } })
        try FileManager.default.createDirectory(atPath: folder.file("n"), withIntermediateDirectories: false)
        #expect(rename(folder.file("n"), folder.file("m")) == 0)
        #expect(
            await events(watch, until: .folderAppeared("m"))
                == [.folderAppeared("n"), .folderRemoved("n"), .folderAppeared("m")])
    }

    @Test func `a watched folder that is renamed is told of under its new name once it is watched there`() async throws
    {
        let folder = try TemporaryFolder()
        try folder.write("", to: "a/x")
        let watch = try await start(folder.path)
        defer { watch.close() }
        watch.watch("")
        watch.watch("a")
        #expect(rename(folder.file("a"), folder.file("b")) == 0)
        watch.watch("b")
        try folder.write("1", to: "b/x")
        #expect(await events(watch, until: .completed("b/x")).contains(.folderAppeared("b")))
        #expect(watch.count == 2)
        watch.forget("b")
        #expect(watch.count == 1)
    }

    @Test func `names that are not UTF-8 are told of by their texts`() async throws {
        let folder = try TemporaryFolder()
        let watch = try await start(folder.path)
        defer { watch.close() }
        watch.watch("")
        let path = (Array((folder.path + "/").utf8) + [0xE9, 0]).map { CChar(bitPattern: $0) }
        close(open(path, O_CREAT | O_WRONLY, 0o600))
        #expect(await events(watch, until: .completed("\\xE9")).contains(.touched("\\xE9")))
    }

    @Test func `a root that goes is told of, and closing ends the stream`() async throws {
        let folder = try TemporaryFolder()
        try folder.write("", to: "r/x")
        let watch = try await start(folder.file("r"))
        watch.watch("")
        #expect(rename(folder.file("r"), folder.file("s")) == 0)
        #expect(await events(watch, until: .lost) == [.lost])
        watch.close()
        for await _ in watch.events {}
    }
}
