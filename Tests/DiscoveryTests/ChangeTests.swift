import CasparianCatalog
import CasparianModel
import CasparianTestKit
import Foundation
import Testing

/// Which changes of a file a scan sees, and what it makes of them.
@Suite struct ChangeTests {
    private static let time = 1_700_000_000

    /// A root with `x.csv`, which was scanned.
    private static func scanned(_ kind: Site.Kind) async throws -> Site {
        let site = try await Site(kind)
        try site.files.write("n\n1\n", to: "x.csv")
        site.files.touch("x.csv", secondsSinceEpoch: time)
        #expect(try await site.scan().queuedJobs == 1)
        #expect(try await site.scan().newVersions == 0)
        return site
    }

    @Test(arguments: Site.Kind.allCases)
    func `Another file that is moved there with the same size and time is new content`(_ kind: Site.Kind) async throws {
        let site = try await Self.scanned(kind)
        try site.files.write("n\n2\n", to: "other")
        site.files.touch("other", secondsSinceEpoch: Self.time)
        try #require(rename(site.files.path + "/other", site.files.path + "/x.csv") == 0)
        let report = try await site.scan()
        #expect(report.newVersions == 1 && report.queuedJobs == 1)
    }

    @Test(arguments: Site.Kind.allCases)
    func `Content that is written over, with the time set back, is new content`(_ kind: Site.Kind) async throws {
        let site = try await Self.scanned(kind)
        try site.files.write("n\n2\n", to: "x.csv")
        site.files.touch("x.csv", secondsSinceEpoch: Self.time)
        let report = try await site.scan()
        #expect(report.newVersions == 1 && report.queuedJobs == 1)
    }

    @Test(arguments: Site.Kind.allCases)
    func `A file that is touched, or whose mode changes, is the same content and no new job`(
        _ kind: Site.Kind
    ) async throws {
        let site = try await Self.scanned(kind)
        let before = try await site.known()["x.csv"]?.stamp
        site.files.touch("x.csv", secondsSinceEpoch: Self.time + 60)
        #expect(try await site.scan().newVersions == 0)
        try #require(chmod(site.files.path + "/x.csv", 0o600) == 0)
        let report = try await site.scan()
        #expect(report.newVersions == 0 && report.queuedJobs == 0)
        let after = try await site.known()["x.csv"]?.stamp
        #expect(after != nil && after != before, "the next scan need not read it again")
    }

    @Test(arguments: Site.Kind.allCases)
    func `A file of which only size and time are known is taken as it is, and its stamp noted`(
        _ kind: Site.Kind
    ) async throws {
        let site = try await Site(kind)
        try site.files.write("n\n1\n", to: "x.csv")
        site.files.touch("x.csv", secondsSinceEpoch: Self.time)
        let hash = ContentHash(digest: Array(repeating: 7, count: 32))
        let earlier = FileObservation(
            relativePath: "x.csv", sizeBytes: 4, modified: Timestamp(secondsSinceEpoch: Double(Self.time)),
            contentHash: hash)
        _ = try await site.catalog.record([earlier], root: site.root.id, now: site.now)
        #expect(try await site.scan().newVersions == 0)
        let known = try #require(try await site.known()["x.csv"])
        #expect(known.version?.contentHash == hash.hex && known.stamp?.sizeBytes == 4)
    }
}
