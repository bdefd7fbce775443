import CasparianCatalog
import CasparianModel
import CasparianScout
import CasparianTestKit
import FileDiscovery
import Foundation
import Logging
import Testing

@Suite(.timeLimit(.minutes(10))) struct ScoutServiceTests {
    @Test func `The service scans active roots again and again, past a root that fails, until it is cancelled`()
        async throws
    {
        let site = try await Site(.memory)
        try await site.catalog.addSourceRoot(path: "/nowhere/at/all")
        try await site.catalog.addSourceRoot(path: site.files.path + "/gone")
        _ = try await site.catalog.removeSourceRoot(path: site.files.path + "/gone")
        let (reports, told) = AsyncStream.makeStream(of: ScanReport.self)
        let (catalog, now) = (site.catalog, site.now)
        let service = ScoutService(
            catalog: catalog, scout: Scout(catalog: catalog, logger: Logger(label: "scan")),
            pace: ScoutService.Pace(interval: .milliseconds(5), watched: .seconds(600)),
            logger: Logger(label: "service"), now: { now }, onReport: { told.yield($0) })
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await service.run() }
            var scans = reports.makeAsyncIterator()
            #expect(await scans.next()?.filesSeen == 0)
            // Put there whole: a scan that met it empty would make a version of that, too.
            let elsewhere = try TemporaryFolder()
            let path = try elsewhere.write("1", to: "x.csv")
            #expect(rename(path, site.files.file("x.csv")) == 0)
            var seen = 0
            while seen == 0, let report = await scans.next() {
                #expect(report.root == site.files.path)
                seen = report.newVersions
            }
            #expect(seen == 1)
            group.cancelAll()
            try await group.waitForAll()
        }
        #expect(try await site.jobPaths() == ["x.csv"])
    }
}
