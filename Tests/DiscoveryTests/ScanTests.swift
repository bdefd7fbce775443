import CasparianCatalog
import CasparianModel
import CasparianScout
import Crypto
import FileDiscovery
import Foundation
import Testing

@Suite struct ScanTests {
    @Test(arguments: Site.Kind.allCases)
    func `A first scan makes a version of every file and a job where a plugin wants it`(_ kind: Site.Kind) async throws
    {
        let site = try await Site(kind)
        try site.files.write("a,b\n", to: "in/x.csv")
        try site.files.write("", to: "empty.csv")
        try site.files.write("text", to: "notes.txt")
        let report = try await site.scan()
        #expect(report.filesSeen == 3 && report.newFiles == 3 && report.newVersions == 3 && report.queuedJobs == 2)
        #expect(report.root == site.files.path && report.problems.isEmpty && report.unchangedFiles == 0)
        let known = try await site.known()
        let version = try #require(known["in/x.csv"]?.version)
        let expected = ContentHash(digest: SHA256.hash(data: Data("a,b\n".utf8)))
        #expect(version.contentHash == expected.hex && version.sizeBytes == 4 && version.tags == ["tables"])
        #expect(known["notes.txt"]?.version?.tags == [])
        #expect(try await Set(site.jobPaths()) == ["in/x.csv", "empty.csv"])
    }

    @Test(arguments: Site.Kind.allCases)
    func `A file that is as before is not read again`(_ kind: Site.Kind) async throws {
        let site = try await Site(kind)
        try site.files.write("one", to: "x.csv")
        site.files.touch("x.csv", secondsSinceEpoch: 1_700_000_000, nanoseconds: 123_456_789)
        try await site.scan()
        try await site.pretendOtherContent(of: "x.csv", plugins: ["csv"])
        let before = try await site.known()
        let report = try await site.scan()
        #expect(report.unchangedFiles == 1 && report.newVersions == 0 && report.queuedJobs == 0)
        #expect(try await site.known() == before)
    }

    @Test(arguments: Site.Kind.allCases)
    func `Changed content is a new version with a job, also of the same size`(_ kind: Site.Kind) async throws {
        let site = try await Site(kind)
        for (round, text) in ["one", "two", "longer", ""].enumerated() {
            try site.files.write(text, to: "x.csv")
            let report = try await site.scan()
            #expect(report.newVersions == 1 && report.queuedJobs == 1 && report.newFiles == (round == 0 ? 1 : 0))
        }
        let jobs = try await site.catalog.jobs(JobFilter())
        #expect(Set(jobs.map(\.contentHash)).count == 4 && Set(jobs.map(\.job.fileVersionID)).count == 4)
    }

    @Test(arguments: Site.Kind.allCases)
    func `A file that was only touched is read once more and stays the version it was`(_ kind: Site.Kind) async throws {
        let site = try await Site(kind)
        try site.files.write("one", to: "x.csv")
        try await site.scan()
        let before = try #require(try await site.known()["x.csv"]?.version)
        site.files.touch("x.csv", secondsSinceEpoch: 1_700_000_000)
        let report = try await site.scan()
        #expect(report.newVersions == 0 && report.queuedJobs == 0 && report.filesSeen == 1)
        let after = try #require(try await site.known()["x.csv"])
        #expect(after.version?.id == before.id)
        #expect(
            after.lastKnownModified == Timestamp(secondsSinceEpoch: 1_700_000_000), "the next scan need not read it")
    }

    @Test(arguments: Site.Kind.allCases)
    func `A file that goes and comes back is no new version`(_ kind: Site.Kind) async throws {
        let site = try await Site(kind)
        try site.files.write("one", to: "x.csv")
        try await site.scan()
        try FileManager.default.removeItem(atPath: site.files.path + "/x.csv")
        #expect(try await site.scan().filesSeen == 0)
        #expect(try await site.known().count == 1, "what was read once is not forgotten")
        try site.files.write("one", to: "x.csv")
        let report = try await site.scan()
        #expect(report.newFiles == 0 && report.newVersions == 0 && report.queuedJobs == 0)
    }

    @Test(arguments: Site.Kind.allCases)
    func `A new rule reaches files that are known, without reading them`(_ kind: Site.Kind) async throws {
        let site = try await Site(kind)
        try site.files.write("x", to: "notes.txt")
        site.files.touch("notes.txt", secondsSinceEpoch: 1_700_000_000)
        #expect(try await site.scan().queuedJobs == 0)
        try await site.pretendOtherContent(of: "notes.txt")
        try await site.catalog.addRoutingRule(pattern: "*.txt", tag: "tables", priority: 0)
        let report = try await site.scan()
        #expect(report.queuedJobs == 1 && report.newVersions == 0)
        #expect(try await site.known()["notes.txt"]?.version?.tags == ["tables"])
    }

    @Test(arguments: Site.Kind.allCases)
    func `A job's priority comes from the file's age`(_ kind: Site.Kind) async throws {
        let site = try await Site(kind)
        let now = Timestamp(secondsSinceEpoch: 1_800_000_000)
        for (name, age) in [
            ("new.csv", 3600), ("days.csv", 3 * 86_400), ("old.csv", 30 * 86_400), ("future.csv", -999),
        ] {
            try site.files.write(name, to: name)
            site.files.touch(name, secondsSinceEpoch: 1_800_000_000 - age)
        }
        try await site.scan(now: now)
        let jobs = try await site.catalog.jobs(JobFilter())
        let priorities = jobs.map { (($0.filePath as NSString).lastPathComponent, $0.job.priority) }
        #expect(
            Dictionary(uniqueKeysWithValues: priorities)
                == ["new.csv": 100, "days.csv": 50, "old.csv": 10, "future.csv": 100])
    }

    @Test(arguments: Site.Kind.allCases)
    func `A file whose time no calendar holds is read like any other`(_ kind: Site.Kind) async throws {
        let site = try await Site(kind)
        for (name, seconds) in [("late.csv", Int.max), ("early.csv", Int.min)] {
            try site.files.write("x", to: name)
            // The file system may cut it.
            site.files.touch(name, secondsSinceEpoch: seconds)
        }
        #expect(try await site.scan().newFiles == 2)
        #expect(try await site.scan().unchangedFiles == 2)
    }

    @Test(arguments: Site.Kind.allCases)
    func `Names that are equal as texts and differ in bytes are two files`(_ kind: Site.Kind) async throws {
        let site = try await Site(kind)
        try site.files.write("one", to: "\u{e9}.csv")
        try site.files.write("two", to: "e\u{301}.csv")
        #expect(try await site.scan().newFiles == 2)
        let again = try await site.scan()
        #expect(again.unchangedFiles == 2 && again.newVersions == 0 && again.queuedJobs == 0)
        #expect(try await site.catalog.knownFiles(root: site.root.id).count == 2)
    }

    @Test(arguments: Site.Kind.allCases)
    func `2,000 files are all found, told about, and left alone by the next scan`(_ kind: Site.Kind) async throws {
        let site = try await Site(kind)
        for number in 0..<2000 { try site.files.write("\(number)", to: "folder\(number % 37)/\(number).csv") }
        var told: [Int] = []
        let report = try await site.scan { told.append($0.filesSeen) }
        #expect(report.newFiles == 2000 && report.queuedJobs == 2000 && told.last == 2000)
        #expect(try await Set(site.jobPaths()).count == 2000)
        let again = try await site.scan()
        #expect(again.unchangedFiles == 2000 && again.newVersions == 0 && again.queuedJobs == 0)
    }
}
