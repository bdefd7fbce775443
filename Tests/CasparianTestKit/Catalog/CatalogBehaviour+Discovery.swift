import CasparianCatalog
import CasparianModel
import Testing

extension CatalogBehaviour {
    private static func folder(_ path: String, digest: UInt8 = 1, routing: Int64 = 7) -> KnownFolder {
        KnownFolder(
            path: path, identity: FolderIdentity(device: 1, inode: 2), digest: Array(repeating: digest, count: 16),
            routing: routing)
    }

    static let discovery = [
        CatalogBehaviour("the places of one folder are those directly in it") { catalog async throws in
            let root = try await ready(catalog)
            let paths = [
                "a", "a.csv", "d/x", "d/e/y", "d/e/f/z", "d/e.csv", "d/e0", "d0", "dd/x", "d/é", "\\xFF/x", "d/\\xFF",
            ]
            let files = paths.enumerated().map { seen($1, UInt8($0 + 1)) }
            _ = try await catalog.record(files, root: root, now: now)
            func names(_ folder: String) async throws -> Set<String> {
                try await Set(catalog.knownFiles(root: root, folder: folder).map(\.relativePath))
            }
            #expect(try await names("") == ["a", "a.csv", "d0"])
            #expect(try await names("d") == ["d/x", "d/e.csv", "d/e0", "d/é", "d/\\xFF"])
            #expect(try await names("d/e") == ["d/e/y"])
            #expect(try await names("none").isEmpty)
            #expect(try await names("a").isEmpty)
            let some = try await catalog.knownFiles(root: root, paths: ["d/x", "none", "d0"])
            #expect(Set(some.map(\.relativePath)) == ["d/x", "d0"])
            #expect(try await catalog.hasFiles(root: root))
            #expect(try await catalog.hasFiles(root: nil))
            let other = try await catalog.addSourceRoot(path: "/other").id
            #expect(try await !catalog.hasFiles(root: other))
            #expect(try await catalog.knownFiles(root: other, folder: "").isEmpty)
        },
        CatalogBehaviour("folders are kept with what a scan says of them, and forgotten") { catalog async throws in
            let root = try await ready(catalog)
            let folders = ["", "a", "a/b", "ab"].map { folder($0) }
            _ = try await catalog.record(ScanRecord(folders: folders), root: root, now: now)
            #expect(try await Set(catalog.knownFolders(root: root, below: "")) == Set(folders))
            #expect(try await Set(catalog.knownFolders(root: root, below: "a").map(\.path)) == ["a", "a/b"])
            let change = ScanRecord(folders: [folder("a", digest: 9, routing: -1)], forgottenFolders: ["a/b", "none"])
            _ = try await catalog.record(change, root: root, now: later)
            let known = try await catalog.knownFolders(root: root, below: "a")
            #expect(known == [folder("a", digest: 9, routing: -1)])
        },
        CatalogBehaviour("a file that is gone keeps its place, versions and jobs, and may come back") {
            catalog async throws in
            let root = try await ready(catalog)
            _ = try await catalog.record([seen("a.csv", 1, plugins: ["p"])], root: root, now: now)
            let before = try #require(try await catalog.knownFiles(root: root).first)
            #expect(before.goneSince == nil)
            let gone = ScanRecord(gone: [before.locationID])
            #expect(try await catalog.record(gone, root: root, now: later).goneFiles == 1)
            #expect(try await catalog.record(gone, root: root, now: later).goneFiles == 0, "it was gone before")
            let missing = try #require(try await catalog.knownFiles(root: root).first)
            #expect(missing.goneSince == later && missing.version == before.version)
            #expect(try await catalog.jobs(JobFilter()).count == 1)
            let back = try await catalog.record([seen("a.csv", nil, plugins: ["p"])], root: root, now: later)
            #expect(back.newFiles == 0 && back.newVersions == 0 && back.queuedJobs == 0)
            #expect(try await catalog.knownFiles(root: root).first?.goneSince == nil)
        },
        CatalogBehaviour("a file that was moved takes its place with it: id, versions and jobs") {
            catalog async throws in
            let root = try await ready(catalog, plugins: ["p", "q"])
            let other = try await catalog.addSourceRoot(path: "/other").id
            _ = try await catalog.record([seen("a.csv", 1, plugins: ["p"])], root: root, now: now)
            let before = try #require(try await catalog.knownFiles(root: root).first)
            _ = try await catalog.record(ScanRecord(gone: [before.locationID]), root: root, now: now)
            var moved = seen("in/b.csv", 1, tags: ["t"], plugins: ["p", "q"])
            moved.movedFrom = before.locationID
            let result = try await catalog.record([moved], root: other, now: later)
            #expect(result.movedFiles == 1 && result.newFiles == 0 && result.newVersions == 0)
            #expect(result.queuedJobs == 1, "only of the plugin that wants the new path")
            #expect(try await catalog.knownFiles(root: root).isEmpty)
            let after = try #require(try await catalog.knownFiles(root: other).first)
            #expect(after.locationID == before.locationID && after.version?.id == before.version?.id)
            #expect(after.goneSince == nil && after.version?.tags == ["t"])
            #expect(try await catalog.jobs(JobFilter()).allSatisfy { $0.filePath == "/other/in/b.csv" })
            let moves = try await catalog.moves(of: before.locationID)
            #expect(
                moves == [
                    FileMove(
                        locationID: before.locationID, from: "/data/a.csv", to: "/other/in/b.csv", at: later)
                ])
            // What lies at the old path now is another file.
            #expect(try await catalog.record([seen("a.csv", 1)], root: root, now: later).newFiles == 1)
        },
        CatalogBehaviour("a move onto a path that has a place already makes a version there") { catalog async throws in
            let root = try await ready(catalog)
            _ = try await catalog.record([seen("a.csv", 1), seen("b.csv", 2)], root: root, now: now)
            let places = try await catalog.knownFiles(root: root)
            var onto = seen("b.csv", 1, plugins: ["p"])
            onto.movedFrom = places.first?.locationID
            let result = try await catalog.record([onto], root: root, now: later)
            #expect(result.movedFiles == 0 && result.newVersions == 1 && result.queuedJobs == 1)
            #expect(try await catalog.knownFiles(root: root).map(\.locationID) == places.map(\.locationID))
        },
        CatalogBehaviour("places are found by the content they hold now, those that are gone too") {
            catalog async throws in
            let root = try await ready(catalog)
            _ = try await catalog.record([seen("a", 1), seen("b", 1), seen("c", 2)], root: root, now: now)
            _ = try await catalog.record([seen("b", 3)], root: root, now: later)
            let places = try await catalog.places(holding: [hash(1), hash(3), hash(9)])
            #expect(Set(places.map(\.path)) == ["/data/a", "/data/b"])
            let id = try #require(places.first { $0.path == "/data/a" }?.file.locationID)
            _ = try await catalog.record(ScanRecord(gone: [id]), root: root, now: later)
            #expect(try await catalog.places(holding: [hash(1)]).first?.file.goneSince == later)
        },
        CatalogBehaviour("alarms of a root are those of its last scan") { catalog async throws in
            let root = try await ready(catalog)
            #expect(try await catalog.alarms(root: root).isEmpty)
            let alarms = [DiscoveryAlarm(folder: "", message: "one"), DiscoveryAlarm(folder: "a", message: "two")]
            try await catalog.setAlarms(alarms, root: root, now: now)
            #expect(try await catalog.alarms(root: root) == alarms)
            try await catalog.setAlarms([DiscoveryAlarm(folder: "a", message: "three")], root: root, now: later)
            #expect(try await catalog.alarms(root: root) == [DiscoveryAlarm(folder: "a", message: "three")])
            try await catalog.setAlarms([], root: root, now: later)
            #expect(try await catalog.alarms(root: root).isEmpty)
        },
        CatalogBehaviour("a file named twice in one record is one place") { catalog async throws in
            let root = try await ready(catalog)
            let result = try await catalog.record(
                [seen("d/b", 1), seen("d/a", 1), seen("d/b", 1)], root: root, now: now)
            #expect(result.newFiles == 2 && result.newVersions == 2)
            #expect(try await catalog.knownFiles(root: root).map(\.relativePath) == ["d/a", "d/b"])
        },
    ]
}
