import CasparianCatalog
import CasparianModel
import CasparianScout
import CasparianTestKit
import FileDiscovery
import Foundation
import Logging
import SQLiteCatalog
import Testing

/// What a scan costs where little or nothing has changed.
@Suite struct RescanTests {
    @Test func `a scan of what is as it was writes nothing`() async throws {
        let site = try await Site(.sqlite)
        for number in 0..<300 { try site.files.write("\(number)", to: "f\(number % 7)/\(number).csv") }
        try await site.scan()
        try await site.scan()
        let database = try #require((site.catalog as? SQLiteCatalog)?.path)
        func state() throws -> [Data] {
            try ["", "-wal"].map { try Data(contentsOf: URL(fileURLWithPath: database + $0)) }
        }
        let before = try state()
        let report = try await site.scan()
        #expect(report.unchangedFiles == 300 && report.filesSeen == 300)
        #expect(try state() == before)
    }

    @Test func `a file that never settles does not make the others of its folder be written again`() async throws {
        let site = try await Site(.sqlite)
        for number in 0..<50 { try site.files.write("\(number)", to: "f/\(number).csv") }
        try site.files.write("waits", to: "f/waits.dat")
        let settling = try SettlePolicy(
            rules: [SettlePolicy.Rule(files: "*.dat", window: .zero, marker: DoneMarker("{name}.done"))])
        let configuration = Scout.Configuration(settling: settling)
        #expect(try await site.scan(configuration).unsettledFiles == 1)
        let database = try #require((site.catalog as? SQLiteCatalog)?.path)
        func state() throws -> [Data] {
            try ["", "-wal"].map { try Data(contentsOf: URL(fileURLWithPath: database + $0)) }
        }
        let before = try state()
        let report = try await site.scan(configuration)
        #expect(report.unchangedFiles == 50 && report.unsettledFiles == 1)
        #expect(try state() == before)
        try site.files.write("", to: "f/waits.dat.done")
        #expect(try await site.scan(configuration).newFiles == 1)
    }

    @Test(arguments: Site.Kind.allCases)
    func `one changed file among many is the only one that is recorded anew`(_ kind: Site.Kind) async throws {
        let site = try await Site(kind)
        for number in 0..<100 { try site.files.write("\(number)", to: "f/\(number).csv") }
        try await site.scan()
        let before = try await site.known()
        try site.files.write("other", to: "f/7.csv")
        try site.files.write("new", to: "f/new.csv")
        let report = try await site.scan()
        #expect(
            report.newVersions == 2 && report.newFiles == 1 && report.unchangedFiles == 99 && report.queuedJobs == 2)
        var after = try await site.known()
        after["f/new.csv"] = nil
        #expect(after.filter { $0.value != before[$0.key] }.keys.sorted() == ["f/7.csv"])
    }

    @Test(arguments: Site.Kind.allCases)
    func `a scan below a folder leaves the rest as it is`(_ kind: Site.Kind) async throws {
        let site = try await Site(kind)
        for path in ["a/x.csv", "a/b/y.csv", "ab/z.csv", "top.csv"] { try site.files.write(path, to: path) }
        try await site.scan()
        for path in ["a/x.csv", "ab/z.csv"] { try FileManager.default.removeItem(atPath: site.files.file(path)) }
        try site.files.write("new", to: "a/b/new.csv")
        try site.files.write("new too", to: "top2.csv")
        let scout = Scout(catalog: site.catalog, logger: Logger(label: "scan"))
        let report = try await scout.scan(site.root, below: "a", now: site.now)
        #expect(report.newFiles == 1 && report.goneFiles == 1 && report.filesSeen == 2)
        let gone = try await site.known().filter { $0.value.goneSince != nil }
        #expect(gone.keys.sorted() == ["a/x.csv"])
        try FileManager.default.removeItem(atPath: site.files.file("a"))
        #expect(try await scout.scan(site.root, below: "a", now: site.now).goneFiles == 2)
    }

    @Test(arguments: Site.Kind.allCases)
    func `a look at single paths records what is new, changed, gone, moved and back`(_ kind: Site.Kind) async throws {
        let site = try await Site(kind)
        for path in ["a.csv", "b.csv", "in/c.csv", "same.csv"] { try site.files.write(path, to: path) }
        try await site.scan()
        try site.files.write("changed", to: "a.csv")
        try FileManager.default.removeItem(atPath: site.files.file("b.csv"))
        try FileManager.default.moveItem(atPath: site.files.file("in/c.csv"), toPath: site.files.file("moved.csv"))
        try site.files.write("new", to: "new.csv")
        try site.files.write("staged", to: "x.stg.1")
        let scout = Scout(catalog: site.catalog, logger: Logger(label: "scan"))
        let paths = ["a.csv", "b.csv", "in/c.csv", "moved.csv", "new.csv", "same.csv", "never.csv", "x.stg.1"]
        let report = try await scout.look(
            site.root, at: Dictionary(uniqueKeysWithValues: paths.map { ($0, false) }), now: site.now)
        #expect(report.newFiles == 1 && report.newVersions == 2 && report.movedFiles == 1 && report.goneFiles == 1)
        #expect(report.queuedJobs == 2 && report.unchangedFiles == 1)
        let known = try await site.known()
        #expect(Set(known.keys) == ["a.csv", "b.csv", "moved.csv", "new.csv", "same.csv"])
        #expect(known["b.csv"]?.goneSince != nil)
        try site.files.write("b.csv", to: "b.csv")
        #expect(try await scout.look(site.root, at: ["b.csv": true], now: site.now).newVersions == 0)
        #expect(try await site.known()["b.csv"]?.goneSince == nil)
        #expect(try await site.scan().newVersions == 0)
    }

    @Test func `a scan of one root after another that was cancelled finds the rest`() async throws {
        let site = try await Site(.sqlite)
        for number in 0..<12_000 { try site.files.write("", to: "f\(number % 10)/\(number).csv") }
        let scout = Scout(catalog: site.catalog, logger: Logger(label: "scan"))
        let (root, now) = (site.root, site.now)
        let started = Flag()
        let task = Task {
            try await scout.scan(root, now: now, onProgress: { if $0.newFiles > 0 { started.raise() } })
        }
        while !started.isRaised, !task.isCancelled { try await Task.sleep(for: .milliseconds(2)) }
        task.cancel()
        _ = await task.result
        let recorded = try await site.catalog.knownFiles(root: root.id).count
        #expect(recorded >= Scout.chunkSize)
        let report = try await scout.scan(root, now: now)
        #expect(report.newFiles == 12_000 - recorded && report.filesSeen == 12_000)
        #expect(try await site.catalog.knownFiles(root: root.id).count == 12_000)
    }
}
