import CasparianTestKit
import CasparianCatalog
import CasparianModel
import CasparianScout
import FileDiscovery
import Foundation
import Logging
import Testing

/// Which files a scan looks at.
@Suite struct ScanChoiceTests {
    @Test(arguments: Site.Kind.allCases)
    func `Ignored is what the catalog says for all roots or this one, what the configuration says, and staging`(
        _ kind: Site.Kind
    ) async throws {
        let site = try await Site(kind)
        let other = try await site.catalog.addSourceRoot(path: site.files.path + "/elsewhere").id
        try await site.catalog.addIgnoreRule(pattern: "*.tmp", sourceRootID: nil)
        try await site.catalog.addIgnoreRule(pattern: "/skip/", sourceRootID: site.root.id)
        try await site.catalog.addIgnoreRule(pattern: "*.csv", sourceRootID: other)
        let ignored = [
            "a.tmp", "deep/b.tmp", "skip/c.csv", "cache/d.csv", "x_1.parquet.stg.1", "s.sqlite3-wal", "s.sqlite3-shm",
            "s.sqlite3-journal",
        ]
        for name in ignored + ["kept.csv", "deep/skip/kept.csv"] { try site.files.write("", to: name) }
        let report = try await site.scan(Scout.Configuration(ignore: ["cache"]))
        #expect(try await Set(site.known().keys) == ["kept.csv", "deep/skip/kept.csv"])
        #expect(report.filesSeen == 2)
    }

    @Test(arguments: Site.Kind.allCases)
    func `A rule that is taken back lets the files in`(_ kind: Site.Kind) async throws {
        let site = try await Site(kind)
        let rule = try await site.catalog.addIgnoreRule(pattern: "*.csv", sourceRootID: nil)
        try site.files.write("", to: "x.csv")
        #expect(try await site.scan().filesSeen == 0)
        _ = try await site.catalog.removeIgnoreRule(id: rule.id)
        #expect(try await site.scan().newFiles == 1)
    }

    @Test(arguments: Site.Kind.allCases)
    func `A file is left until nobody has written to it for the settle time`(_ kind: Site.Kind) async throws {
        let site = try await Site(kind)
        for (name, time) in [("old.csv", 1_700_000_000), ("edge.csv", 1_700_000_050), ("fresh.csv", 1_700_000_051)] {
            try site.files.write(name, to: name)
            site.files.touch(name, secondsSinceEpoch: time)
        }
        let settling = Scout.Configuration(settle: .seconds(10))
        let now = Timestamp(secondsSinceEpoch: 1_700_000_060)
        let first = try await site.scan(settling, now: now)
        #expect(first.newFiles == 2 && first.unsettledFiles == 1 && first.filesSeen == 2)
        #expect(try await site.known()["fresh.csv"] == nil)
        let second = try await site.scan(settling, now: now.advanced(by: .seconds(1)))
        #expect(second.newFiles == 1 && second.unsettledFiles == 0)
    }

    @Test(arguments: Site.Kind.allCases)
    func `A file dated in the future settles by when it was really changed`(_ kind: Site.Kind) async throws {
        let site = try await Site(kind)
        try site.files.write("x", to: "x.csv")
        site.files.touch("x.csv", secondsSinceEpoch: 4_000_000_000)
        let settling = Scout.Configuration(settle: .seconds(10))
        var status = stat()
        let isKnown = stat(site.files.file("x.csv"), &status) == 0
        #expect(isKnown)
        let written = Timestamp(seconds: status.st_ctim.tv_sec, nanoseconds: status.st_ctim.tv_nsec)
        #expect(try await site.scan(settling, now: written).unsettledFiles == 1)
        #expect(try await site.scan(settling, now: written.advanced(by: .seconds(11))).newFiles == 1)
    }

    @Test(arguments: Site.Kind.allCases)
    func `The system's own files are nobody's input`(_ kind: Site.Kind) async throws {
        let site = try await Site(kind)
        for name in ["state.db", "sub/state.db", "state.db.csv"] { try site.files.write("", to: name) }
        let report = try await site.scan(Scout.Configuration(ownFiles: [site.files.path + "/state.db", "/other/x"]))
        #expect(try await Set(site.known().keys) == ["sub/state.db", "state.db.csv"])
        #expect(report.filesSeen == 2)
    }

    @Test func `A folder that may not be read is reported, and the rest is found`() async throws {
        let folder = try TemporaryFolder()
        try folder.write("x", to: "open/a.csv")
        try folder.write("x", to: "closed/b.csv")
        try folder.write("x", to: "c.csv")
        #expect(chmod(folder.path + "/closed", 0) == 0 && chmod(folder.path + "/c.csv", 0) == 0)
        defer { chmod(folder.path + "/closed", 0o755) }
        let path = folder.path
        // Root may read everything, so the process gives that right up.
        await #expect(processExitsWith: .success) { [path = path as String] in
            if getuid() == 0 { #expect(setgid(65_534) == 0 && setuid(65_534) == 0) }
            let catalog = InMemoryCatalog()
            let root = try await catalog.addSourceRoot(path: path)
            let scout = Scout(catalog: catalog, logger: Logger(label: "scan"))
            let report = try await scout.scan(root, now: Timestamp(secondsSinceEpoch: 4_000_000_000))
            #expect(report.newFiles == 1)
            #expect(Set(report.problems.map(\.path)) == [path + "/closed", path + "/c.csv"])
            #expect(report.problems.allSatisfy { $0.message.contains("Permission denied") })
            #expect(try await catalog.knownFiles(root: root.id).map(\.relativePath) == ["open/a.csv"])
        }
    }

    @Test(arguments: Site.Kind.allCases)
    func `A root that is not there is an error that names it`(_ kind: Site.Kind) async throws {
        let site = try await Site(kind)
        try FileManager.default.removeItem(atPath: site.files.path)
        let error = await #expect(throws: DiscoveryError.self) { try await site.scan() }
        #expect(error?.path == site.files.path)
    }
}
