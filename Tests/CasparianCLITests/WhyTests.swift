import CasparianCatalog
import CasparianModel
import CasparianTestKit
import Foundation
import Testing

@testable import CasparianCLI

@Suite("Why")
struct WhyTests {
    private typealias Fixture = WhyFixture

    @Test("a file's situation has its next step", arguments: WhySituation.files)
    func file(situation: WhySituation) { check(situation) }

    @Test("a job's situation has its next step", arguments: WhySituation.jobs)
    func job(situation: WhySituation) { check(situation) }

    private func check(_ situation: WhySituation) {
        let report = WhyReport(situation.facts)
        guard let step = situation.step else {
            #expect(report.steps == [] && report.lines.last == "next: nothing to do")
            return
        }
        #expect(report.steps.contains { $0.contains(step) }, "\(report.steps)")
        #expect(report.lines.contains { $0.hasPrefix("next: ") && $0.contains(step) })
        #expect(JSONLine.encode(report.pairs).contains("\"next\": [\""))
    }

    @Test("a failed job is told with every attempt, signal, memory, cause and the whole traceback")
    func attempts() {
        let lines = WhyReport(Fixture.failed(cause: "guest")).lines
        let first = "attempt   1: LOST, at 6@g, 2026-03-01 11:00:00.000000 to 2026-03-01 12:00:00.000000"
        #expect(lines.contains("  " + first))
        let second =
            "attempt   2: FAILED, at 7@h, 2026-03-01 11:00:00.000000 to 2026-03-01 12:00:00.000000, "
            + "took 1.5 s, cause guest, killed by signal 9, peak memory 120 MB"
        let index = lines.firstIndex(of: "  " + second)
        #expect(index != nil)
        if let index {
            #expect(
                Array(lines[(index + 1)...(index + 3)]).map { $0.drop { $0 == " " } } == [
                    "Traceback (most recent call last):", "File \"sales.py\", line 3, in execute", "ValueError: no",
                ])
        }
        #expect(lines.filter { $0.contains("ValueError: no") }.count == 1)
    }

    @Test("a traceback of a megabyte is told whole")
    func longTraceback() {
        let long = (0..<20_000).map { "  line \($0) of many more of them ........." }.joined(separator: "\n")
        var facts = Fixture.failed()
        facts.jobs[0].attempts[1].errorMessage = long
        let report = WhyReport(facts)
        #expect(report.lines.filter { $0.contains("of many more") }.count == 20_000)
        #expect(JSONLine.encode(report.pairs).contains("line 19999 of many"))
    }

    @Test("an error that no attempt tells is told of the job itself")
    func inheritedError() {
        let facts = Fixture.facts(.failed) { _, job in job.listing.job.errorMessage = "told by another program" }
        #expect(WhyReport(facts).lines.contains { $0.contains("told by another program") })
    }

    @Test("rules, versions, artifacts, rows and events are told")
    func everything() {
        let facts = Fixture.facts(.completed) { _, job in
            job.listing.rows = 12
            job.listing.quarantined = 2
            job.artifacts = [Artifact(topic: "output", uri: "parquet:///o/a.parquet", rows: 12, sizeBytes: 99)]
        }
        let lines = WhyReport(facts).lines
        for text in [
            "/data/in/a.csv", "  root      /data", "'*.csv' gives auto_csv (priority 50), wanted by csv",
            "version   5, 9 bytes, sha256 abc", "tags auto_csv", "job 17: COMPLETED, plugin 'csv', priority 100",
            "rows      12, 2 quarantined", "output: parquet:///o/a.parquet, 12 rows, 99 bytes",
            "event     2026-03-01 11:00:00.000000  queued",
        ] {
            #expect(lines.contains { $0.contains(text) }, "\(text)")
        }
    }

    @Test(
        "the pattern that ignores a path is found, at the folder that it hits",
        arguments: [
            ("a.csv", nil, nil), ("a.tmp", "*.tmp", "a.tmp"), ("deep/cache/x.csv", "cache/", "deep/cache"),
            ("keep.tmp", nil, nil), ("a.bak", "*.bak", "a.bak"), ("x.stg.1", "*.stg.*", "x.stg.1"),
            ("other/a.log", nil, nil), ("cache", nil, nil),
        ] as [(String, String?, String?)])
    func ignored(path: String, pattern: String?, hit: String?) {
        let rules = [
            IgnoreRule(id: 1, pattern: "*.tmp"), IgnoreRule(id: 2, pattern: "!keep.tmp"),
            IgnoreRule(id: 3, sourceRootID: 9, pattern: "*.log"),
            IgnoreRule(id: 4, pattern: "*.csv", isActive: false), IgnoreRule(id: 5, pattern: "cache/"),
        ]
        let found = WhyIgnore(settings: ["*.bak"], rules: rules, root: 1).hit(on: path, isFolder: false)
        #expect(found?.pattern == pattern && found?.path == hit)
    }

    @Test("what lies at a path is seen without following links")
    func onDisk() throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("abc", to: "a.csv")
        for (name, target) in [("file", file), ("folder", folder.path), ("nowhere", "/nowhere/at/all")] {
            try FileManager.default.createSymbolicLink(
                atPath: folder.file(name), withDestinationPath: target)
        }
        mkfifo(folder.file("pipe"), 0o600)
        guard case .file(3, _) = WhyDisk.look(at: file) else {
            Issue.record("a file is not seen as one")
            return
        }
        #expect(WhyDisk.look(at: folder.file("file")) == .link(target: file, to: .file))
        #expect(WhyDisk.look(at: folder.path) == .folder)
        #expect(WhyDisk.look(at: folder.file("folder")) == .link(target: folder.path, to: .folder))
        #expect(WhyDisk.look(at: folder.file("nowhere")) == .link(target: "/nowhere/at/all", to: .nothing))
        #expect(WhyDisk.look(at: folder.file("pipe")) == .special)
        #expect(WhyDisk.look(at: folder.file("none")) == .missing)
        #expect(WhyDisk.look(at: file + "/below") == .missing)
    }

    @Test("a job's number, a path from here and a path from a root lead to the same file")
    func subjects() async throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("abc", to: "data/in/a.csv")
        let catalog = InMemoryCatalog()
        let root = try await catalog.addSourceRoot(path: folder.file("data"))
        _ = try await catalog.addRoutingRule(pattern: "*.csv", tag: "t", priority: 1)
        try await catalog.setPluginConfig(PluginConfig(pluginName: "p", subscriptionTags: ["t"]))
        for seed in [1, 2] as [UInt8] {
            let seen = FileObservation(
                relativePath: "in/a.csv", sizeBytes: 3, modified: Fixture.seen,
                contentHash: ContentHash(digest: Array(repeating: seed, count: 32)), tags: ["t"], plugins: ["p"])
            _ = try await catalog.record([seen], root: root.id, now: Fixture.seen)
        }
        let settings = try ProjectSettings.resolve(
            try ProjectOptions.parse([]), overrides: SettingsOverrides(),
            from: try SettingsSources(file: nil, variables: [:], working: folder.path))
        let collector = WhyCollector(
            catalog: catalog, settings: settings, working: folder.file("data/in"), now: Fixture.now)
        let jobs = try await catalog.jobs(JobFilter()).map(\.job.id)
        for asked in [path, "a.csv", "./a.csv", "in/a.csv"] {
            let facts = try await collector.facts(about: asked)
            #expect(facts.path == path && facts.jobs.map(\.listing.job.id) == jobs, "\(asked)")
            #expect(facts.jobs.map(\.isOutdated) == [true, false])
        }
        let one = try await collector.facts(about: "\(jobs[0])")
        #expect(one.path == path && one.jobs.map(\.listing.job.id) == [jobs[0]] && one.jobs[0].isOutdated)
        #expect(one.places[0].rules.map(\.plugins) == [["p"]])
        await #expect(throws: ExitStatus.self) { try await collector.facts(about: "424242") }
        try folder.write("a number for a name", to: "data/in/424242")
        #expect(try await collector.facts(about: "424242").places.map(\.relativePath) == ["in/424242"])
    }
}
