import CasparianCatalog
import CasparianModel
import Testing

@testable import CasparianCLI

/// A situation, and what the answer has to say to do.
struct WhySituation: Sendable, CustomTestStringConvertible {
    let name: String
    let facts: WhyFacts
    /// Nil if there is nothing to do.
    let step: String?

    init(_ name: String, _ facts: WhyFacts, _ step: String?) {
        self.name = name
        self.facts = facts
        self.step = step
    }

    var testDescription: String { name }
}

extension WhySituation {
    private typealias Fixture = WhyFixture

    static let files: [WhySituation] = [
        .init(
            "no root covers it", Fixture.facts(nil) { facts, _ in facts.places = [] },
            "no root covers it: casparian scan /data/in"),
        .init(
            "output of a job",
            Fixture.facts(nil) { facts, _ in
                facts.places = []
                facts.made = [
                    ArtifactListing(
                        jobID: 3, pluginName: "p", fileVersionID: 1,
                        artifact: Artifact(topic: "output", uri: "parquet:///data/in/a.csv"))
                ]
            }, "it is output: casparian why 3"),
        .init(
            "its root was removed",
            Fixture.facts(nil) { facts, _ in
                facts.places = []
                facts.inactiveRoot = "/data"
            }, "its root /data is not scanned any more: casparian roots add /data"),
        .init(
            "a rule ignores it",
            Fixture.facts(nil) { facts, _ in
                facts.places[0].ignored = .init(pattern: "in/", path: "in", origin: .rule(8))
            }, "casparian ignores remove 8, or add an exception: casparian ignores add '!in'"),
        .init(
            "the settings ignore it",
            Fixture.facts(nil) { facts, _ in
                facts.places[0].ignored = .init(pattern: "*.csv", path: "in/a.csv", origin: .settings)
            }, "take '*.csv' out of casparian.yaml"),
        .init(
            "it is staging",
            Fixture.facts(nil) { facts, _ in
                facts.places[0].ignored = .init(pattern: "*.stg.*", path: "in/a.csv", origin: .builtIn)
            }, "files like this are never read"),
        .init("the state database", Fixture.facts(nil) { facts, _ in facts.isOwn = true }, "the system's own file"),
        .init("a folder", Fixture.facts(nil) { facts, _ in facts.disk = .folder }, "it is a folder"),
        .init(
            "a root",
            Fixture.facts(nil) { facts, _ in
                facts.disk = .folder
                facts.isRoot = true
            }, "it is a source root"),
        .init(
            "a link to a folder",
            Fixture.facts(nil) { facts, _ in facts.disk = .link(target: "/x", to: .folder) },
            "make /x a root of its own"),
        .init(
            "a broken link", Fixture.facts(nil) { facts, _ in facts.disk = .link(target: "/x", to: .nothing) },
            "it is a link to /x, where nothing is"),
        .init("a pipe", Fixture.facts(nil) { facts, _ in facts.disk = .special }, "no regular file"),
        .init(
            "unreadable", Fixture.facts(nil) { facts, _ in facts.disk = .unreadable(reason: "Permission denied") },
            "it cannot be read (Permission denied)"),
        .init(
            "never there",
            Fixture.facts(nil) { facts, _ in
                facts.disk = .missing
                facts.places[0].file = nil
            }, "there is no such file, and no scan has seen one"),
        .init("gone", Fixture.facts(nil) { facts, _ in facts.disk = .missing }, "it is gone"),
        .init("gone after its job ended", Fixture.facts(.completed) { facts, _ in facts.disk = .missing }, nil),
        .init(
            "not scanned yet", Fixture.facts(nil) { facts, _ in facts.places[0].file = nil },
            "no scan has seen it yet: casparian scan /data"),
        .init(
            "still being written",
            Fixture.facts(nil) { facts, _ in
                facts.settle = .seconds(4000)
                facts.places[0].file = nil
            }, "it was written 60 min 0 s ago and is read only after it was left alone for 66 min 40 s"),
        .init(
            "changed since",
            Fixture.facts(.completed) { facts, _ in facts.disk = .file(sizeBytes: 9, modified: Fixture.now) },
            "it has changed since the last scan: casparian scan /data"),
        .init(
            "no rule", Fixture.facts(nil) { facts, _ in facts.places[0].rules = [] },
            "no rule matches it: casparian rules add '*.csv' auto_PLUGIN"),
        .init(
            "nobody subscribes", Fixture.facts(nil) { facts, _ in facts.places[0].rules[0].plugins = [] },
            "no plugin subscribes to auto_csv: casparian plugins set PLUGIN --tags auto_csv"),
        .init(
            "rules are newer than the job",
            Fixture.facts(.completed) { facts, _ in facts.places[0].rules[0].plugins = ["csv", "other"] },
            "the rules changed since it was routed: casparian scan /data"),
    ]

    static let jobs: [WhySituation] = [
        .init("done", Fixture.facts(.completed), nil),
        .init(
            "rows in quarantine", Fixture.facts(.completed) { _, job in job.listing.quarantined = 3 },
            "job 17: 3 rows broke a contract"),
        .init(
            "called off while it ran",
            Fixture.facts(.running) { _, job in job.listing.course.cancelRequested = Fixture.seen },
            "a person called it off, and its worker is being told"),
        .init(
            "called off", Fixture.facts(.skipped) { _, job in job.listing.course.cancelRequested = Fixture.seen },
            "job 17: a person called it off; to run it after all: casparian jobs retry 17"),
        .init("skipped", Fixture.facts(.skipped), "casparian jobs retry 17"),
        .init("on hold", Fixture.facts(.pending), "another program holds it back"),
        .init("next", Fixture.facts(), "job 17: it is next; 1 worker offers the plugin, 0 busy"),
        .init(
            "one ahead", Fixture.facts { _, job in job.ahead = 1 }, "1 job of 'csv' is before it"),
        .init(
            "many ahead, all busy",
            Fixture.facts { facts, job in
                job.ahead = 40
                facts.workers = [Fixture.worker(plugins: ["csv"], status: .busy)]
            }, "40 jobs of 'csv' are before it; 1 worker offers the plugin, 1 busy"),
        .init(
            "no worker",
            Fixture.facts { facts, _ in facts.workers = [Fixture.worker(plugins: ["csv"], status: .offline)] },
            "no worker is connected: start one"),
        .init(
            "no worker offers it", Fixture.facts { facts, _ in facts.workers = [Fixture.worker(plugins: ["lines"])] },
            "no connected worker offers 'csv': put csv.py into a worker's plugins folder"),
        .init(
            "no worker can load it",
            Fixture.facts { facts, job in
                facts.workers = [Fixture.worker(plugins: ["lines"])]
                job.loadError = Fixture.traceback
            }, "no worker can load 'csv': ValueError: no"),
        .init(
            "its packages are being installed",
            Fixture.facts { facts, job in
                facts.workers = [Fixture.worker(plugins: ["lines"])]
                job.build = "Collecting pandas"
            }, "waits until the packages of 'csv' are installed: Collecting pandas"),
        .init(
            "the sentinel may be gone",
            Fixture.facts { facts, _ in
                facts.workers = [Fixture.worker(plugins: ["csv"], lastHeartbeat: Fixture.seen)]
            }, "the last sign of its worker is from 2026-03-01 11:00:00.000000: if no sentinel runs"),
        .init(
            "backoff",
            Fixture.facts { _, job in
                job.listing.course.notBefore = Fixture.now.advanced(by: .seconds(60))
                job.listing.job.retryCount = 2
            }, "waits until 2026-03-01 12:01:00.000000 for attempt 3"),
        .init(
            "backoff that is over", Fixture.facts { _, job in job.listing.course.notBefore = Fixture.seen },
            "it is next"),
        .init(
            "paused plugin",
            Fixture.facts { _, job in
                job.pause = PluginPause(
                    pluginName: "csv", until: Fixture.now.advanced(by: .seconds(60)), failures: 20, reason: "no")
            }, "'csv' is paused until 2026-03-01 12:01:00.000000, since 20 of its jobs failed in a row"),
        .init("running", Fixture.facts(.running), "it runs: casparian jobs wait 17"),
        .init(
            "its worker is dead", Fixture.facts(.running) { _, job in job.isHolderAlive = false },
            "its worker is gone: the sentinel hands it out again"),
        .init("failed for good", Fixture.failed(), "mend 'csv' or the file, then casparian jobs retry 17"),
        .init("disk was full", Fixture.failed(cause: "full"), "make room, then casparian jobs retry 17"),
        .init(
            "dead letter",
            Fixture.facts(.failed) { _, job in
                job.listing.course.isDead = true
                job.attempts = Fixture.failed(cause: "unreachable").jobs[0].attempts
            }, "the storage could not be reached, after all its 2 attempts: see that it is there, then"),
        .init("storage away", Fixture.failed(cause: "unreachable"), "see that it is there, then"),
        .init("bad file", Fixture.failed(cause: "file"), "mend it and have it scanned"),
        .init("a cause of a later version", Fixture.failed(cause: "weather"), "casparian jobs retry 17"),
        .init(
            "failed on older content", Fixture.facts(.failed) { _, job in job.isOutdated = true },
            "content that the file no longer has"),
    ]
}
