import CasparianCatalog
import CasparianModel
import CasparianScout
import Foundation
import Logging
import Testing

/// Files that go, move, or are out of reach.
@Suite struct AbsenceTests {
    private func remove(_ site: Site, _ path: String) throws {
        try FileManager.default.removeItem(atPath: site.files.file(path))
    }

    private func rename(_ site: Site, _ from: String, _ to: String) throws {
        try FileManager.default.createDirectory(
            atPath: (site.files.file(to) as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try FileManager.default.moveItem(atPath: site.files.file(from), toPath: site.files.file(to))
    }

    @Test(arguments: Site.Kind.allCases)
    func `Deleted files, and those of deleted folders, are on record as gone`(_ kind: Site.Kind) async throws {
        let site = try await Site(kind)
        for path in ["a.csv", "in/b.csv", "in/deep/c.csv", "kept.csv"] { try site.files.write(path, to: path) }
        try await site.scan()
        try remove(site, "a.csv")
        try remove(site, "in")
        let report = try await site.scan()
        #expect(report.goneFiles == 3 && report.alarms.isEmpty && report.queuedJobs == 0)
        let known = try await site.known()
        #expect(known.filter { $0.value.goneSince != nil }.keys.sorted() == ["a.csv", "in/b.csv", "in/deep/c.csv"])
        #expect(known["kept.csv"]?.goneSince == nil)
        #expect(try await site.scan().goneFiles == 0)
        try site.files.write("in/b.csv", to: "in/b.csv")
        let again = try await site.scan()
        #expect(again.newVersions == 0 && again.queuedJobs == 0)
        #expect(try await site.known()["in/b.csv"]?.goneSince == nil)
    }

    @Test(arguments: Site.Kind.allCases)
    func `A file that is ignored now is not gone`(_ kind: Site.Kind) async throws {
        let site = try await Site(kind)
        for path in ["a.csv", "in/b.csv"] { try site.files.write(path, to: path) }
        try await site.scan()
        let report = try await site.scan(Scout.Configuration(ignore: ["in/", "a.csv"]))
        #expect(report.goneFiles == 0)
        #expect(try await site.known().values.allSatisfy { $0.goneSince == nil })
        #expect(try await site.scan().newVersions == 0)
    }

    @Test(arguments: Site.Kind.allCases)
    func `A root that is suddenly empty is an alarm until its files are back, or somebody accepts it`(
        _ kind: Site.Kind
    ) async throws {
        let site = try await Site(kind)
        for path in ["a.csv", "in/b.csv"] { try site.files.write(path, to: path) }
        try await site.scan()
        let away = site.files.path + "-away"
        try FileManager.default.moveItem(atPath: site.files.path, toPath: away)
        await #expect(throws: (any Error).self) { try await site.scan() }
        #expect(try await site.catalog.alarms(root: site.root.id).map(\.folder) == [""])
        try FileManager.default.createDirectory(atPath: site.files.path, withIntermediateDirectories: false)
        for _ in 0..<2 {
            let report = try await site.scan()
            #expect(report.goneFiles == 0 && report.alarms.map(\.folder) == [""])
            #expect(report.alarms.first?.message.contains("--accept-missing") == true)
        }
        #expect(try await site.catalog.alarms(root: site.root.id).count == 1)
        try FileManager.default.removeItem(atPath: site.files.path)
        try FileManager.default.moveItem(atPath: away, toPath: site.files.path)
        let back = try await site.scan()
        #expect(back.alarms.isEmpty && back.unchangedFiles == 2 && back.newVersions == 0 && back.queuedJobs == 0)
        #expect(try await site.catalog.alarms(root: site.root.id).isEmpty)
        for path in ["a.csv", "in"] { try remove(site, path) }
        #expect(try await site.scan().goneFiles == 0)
        #expect(try await site.scan(Scout.Configuration(acceptsMissing: true)).goneFiles == 2)
        #expect(try await site.scan().alarms.isEmpty)
    }

    @Test(arguments: Site.Kind.allCases)
    func `A folder in whose place another, empty one lies is an alarm`(_ kind: Site.Kind) async throws {
        let site = try await Site(kind)
        for path in ["a.csv", "mnt/b.csv", "mnt/deep/c.csv", "mnt/deep/er/d.csv"] {
            try site.files.write(path, to: path)
        }
        try await site.scan()
        // As an unmount leaves it: the folder that was mounted over.
        try rename(site, "mnt", "elsewhere")
        let elsewhere = site.files.path + "-elsewhere"
        try FileManager.default.moveItem(atPath: site.files.file("elsewhere"), toPath: elsewhere)
        try FileManager.default.createDirectory(atPath: site.files.file("mnt"), withIntermediateDirectories: false)
        let report = try await site.scan()
        #expect(report.alarms.map(\.folder).contains("mnt"))
        #expect(report.goneFiles == 0)
        #expect(try await site.known().values.allSatisfy { $0.goneSince == nil })
        try remove(site, "mnt")
        try FileManager.default.moveItem(atPath: elsewhere, toPath: site.files.file("mnt"))
        let back = try await site.scan()
        #expect(back.alarms.isEmpty && back.newVersions == 0 && back.queuedJobs == 0)
        #expect(try await site.known().values.allSatisfy { $0.goneSince == nil })
    }

    @Test(arguments: Site.Kind.allCases)
    func `A missing mount that held nothing but folders stays an alarm, scan after scan`(_ kind: Site.Kind) async throws
    {
        let site = try await Site(kind)
        for path in ["a.csv", "mnt/deep/c.csv", "mnt/deep/er/d.csv"] { try site.files.write(path, to: path) }
        try await site.scan()
        let elsewhere = site.files.path + "-elsewhere"
        try FileManager.default.moveItem(atPath: site.files.file("mnt"), toPath: elsewhere)
        try FileManager.default.createDirectory(atPath: site.files.file("mnt"), withIntermediateDirectories: false)
        for _ in 0..<3 {
            let report = try await site.scan()
            #expect(Set(report.alarms.map(\.folder)) == ["mnt/deep", "mnt/deep/er"] && report.goneFiles == 0)
        }
        try remove(site, "mnt")
        try FileManager.default.moveItem(atPath: elsewhere, toPath: site.files.file("mnt"))
        let back = try await site.scan()
        #expect(back.alarms.isEmpty && back.newVersions == 0 && back.queuedJobs == 0)
    }

    @Test(arguments: Site.Kind.allCases)
    func `A moved file, and those of a moved folder, are known by their content and not processed again`(
        _ kind: Site.Kind
    ) async throws {
        let site = try await Site(kind)
        for path in ["a.csv", "in/b.csv", "in/deep/c.csv"] { try site.files.write(path, to: path) }
        try await site.scan()
        let before = try await site.known()
        try rename(site, "a.csv", "z/a2.csv")
        try rename(site, "in", "zz")
        let report = try await site.scan()
        #expect(report.movedFiles == 3 && report.goneFiles == 0 && report.queuedJobs == 0 && report.newFiles == 0)
        let after = try await site.known()
        #expect(Set(after.keys) == ["z/a2.csv", "zz/b.csv", "zz/deep/c.csv"])
        #expect(after["z/a2.csv"]?.version?.id == before["a.csv"]?.version?.id)
        #expect(try await Set(site.jobPaths()) == Set(after.keys))
        let moves = try await site.catalog.moves(of: try #require(after["z/a2.csv"]).locationID)
        #expect(moves.map(\.to) == [site.files.file("z/a2.csv")] && moves.map(\.from) == [site.files.file("a.csv")])
        #expect(try await site.scan().unchangedFiles == 3)
    }

    @Test(arguments: Site.Kind.allCases)
    func `A file that is copied away and deleted is moved, a copy beside it is a new file`(
        _ kind: Site.Kind
    ) async throws {
        let site = try await Site(kind)
        try site.files.write("content", to: "a.csv")
        try await site.scan()
        try site.files.write("content", to: "b.csv")
        let copied = try await site.scan()
        #expect(copied.newFiles == 1 && copied.queuedJobs == 1 && copied.movedFiles == 0)
        try site.files.write("content", to: "c.csv")
        try remove(site, "b.csv")
        let moved = try await site.scan()
        #expect(moved.movedFiles == 1 && moved.newFiles == 0 && moved.queuedJobs == 0)
        #expect(try await Set(site.known().keys) == ["a.csv", "c.csv"])
    }

    @Test(arguments: Site.Kind.allCases)
    func `Empty files are moved only where it is the same file`(_ kind: Site.Kind) async throws {
        let site = try await Site(kind)
        for path in ["a.csv", "b.csv", "kept.csv"] { try site.files.write("", to: path) }
        try await site.scan()
        try rename(site, "a.csv", "a2.csv")
        try site.files.write("", to: "new.csv")
        try remove(site, "b.csv")
        let report = try await site.scan()
        #expect(report.movedFiles == 1 && report.newFiles == 1 && report.goneFiles == 1)
    }

    @Test(arguments: Site.Kind.allCases)
    func `A moved file that waits until it has settled is moved all the same`(_ kind: Site.Kind) async throws {
        let site = try await Site(kind)
        try site.files.write("content", to: "a.csv")
        try site.files.write("other", to: "kept.csv")
        try await site.scan()
        try rename(site, "a.csv", "b.csv")
        let settling = Scout.Configuration(settle: .seconds(10))
        let moment = Timestamp(secondsSinceEpoch: Date().timeIntervalSince1970 + 1)
        let first = try await site.scan(settling, now: moment)
        #expect(first.unsettledFiles == 1 && first.goneFiles == 1)
        let second = try await site.scan(settling, now: moment.advanced(by: .seconds(11)))
        #expect(second.movedFiles == 1 && second.queuedJobs == 0 && second.newFiles == 0)
    }

    @Test(arguments: Site.Kind.allCases)
    func `A file takes another's path: a version there, and the path it left is gone`(_ kind: Site.Kind) async throws {
        let site = try await Site(kind)
        try site.files.write("new content", to: "incoming.tmp")
        try site.files.write("old", to: "current.csv")
        try await site.scan()
        try remove(site, "current.csv")
        try rename(site, "incoming.tmp", "current.csv")
        let report = try await site.scan()
        #expect(report.newVersions == 1 && report.queuedJobs == 1 && report.goneFiles == 1 && report.movedFiles == 0)
    }
}
