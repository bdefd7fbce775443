import CasparianCatalog
import CasparianModel

/// The next step in words: for a file that no job reads, and for a job.
struct WhyAdvice {
    let facts: WhyFacts

    /// Longest time without a sign of a worker before one asks whether the sentinel runs.
    static let silenceSeconds = 60.0

    /// What a person can do, most useful first; empty if there is nothing to do.
    var steps: [String] {
        var steps: [String] = []
        if facts.jobs.isEmpty || !facts.path.isEmpty { steps += fileSteps }
        for job in facts.jobs { if let step = self.step(for: job) { steps.append(step) } }
        return steps
    }

    // MARK: Files

    private var fileSteps: [String] {
        if facts.isOwn { return ["it is the system's own file and is never read as input"] }
        if let maker = facts.made.last, facts.jobs.isEmpty { return ["it is output: casparian why \(maker.jobID)"] }
        let isKnown = facts.places.contains { $0.file != nil }
        if let step = diskStep(isKnown: isKnown) { return [step] }
        guard !facts.places.isEmpty else { return [rootStep] }
        return facts.places.compactMap(step)
    }

    private func diskStep(isKnown: Bool) -> String? {
        switch facts.disk {
        case .file: nil
        case .folder where facts.isRoot:
            "it is a source root: ask about a file in it, or scan it now: "
                + "casparian scan \(quoted(facts.path))"
        case .folder: "it is a folder: ask about a file in it, or have it scanned: casparian scan \(quoted(facts.path))"
        case .link(let target, .file):
            "it is a link to \(target), and links are not followed: scan the folder that the file lies in"
        case .link(let target, let destination):
            destination == .folder
                ? "it is a link to the folder \(target), and those are not followed: make \(target) a root of its own"
                : "it is a link to \(target), where nothing is: mend or remove it"
        case .special: "it is no regular file, so it is never read"
        case .missing where isKnown: facts.jobs.isEmpty ? "it is gone; put it back if it is to be read" : nil
        case .missing: "there is no such file, and no scan has seen one: check the path"
        case .unreadable(let reason): "it cannot be read (\(reason)): give the user of the scan the right to read it"
        }
    }

    private var rootStep: String {
        if let root = facts.inactiveRoot {
            return "its root \(root) is not scanned any more: casparian roots add \(quoted(root))"
        }
        return "no root covers it: casparian scan \(quoted(Paths.parent(of: facts.path)))"
    }

    private func step(for place: WhyFacts.Place) -> String? {
        if let hit = place.ignored { return step(for: hit) }
        if case .missing = facts.disk { return nil }
        if !facts.isSettled {
            return
                "it was written \(Format.duration(.seconds(Int64(facts.ageSeconds ?? 0)))) ago and is read only after it "
                + "was left alone for \(Format.duration(facts.settle)): the next scan after that takes it"
        }
        if place.file == nil { return "no scan has seen it yet: casparian scan \(quoted(place.root.path))" }
        if facts.isChanged(place) {
            return "it has changed since the last scan: casparian scan \(quoted(place.root.path))"
        }
        if place.rules.isEmpty {
            return "no rule matches it: casparian rules add \(quoted(pattern)) auto_PLUGIN, then "
                + "casparian plugins set PLUGIN"
        }
        let wanted = place.rules.flatMap(\.plugins)
        if wanted.isEmpty {
            let tags = Set(place.rules.map(\.rule.tag)).sorted().joined(separator: ",")
            return "no plugin subscribes to \(tags): casparian plugins set PLUGIN --tags \(quoted(tags))"
        }
        let served = Set(facts.jobs.filter { !$0.isOutdated }.map(\.listing.job.pluginName))
        guard !facts.isAboutOneJob, !served.isSuperset(of: wanted) else { return nil }
        return "the rules changed since it was routed: casparian scan \(quoted(place.root.path))"
    }

    private func step(for hit: WhyFacts.IgnoreHit) -> String {
        switch hit.origin {
        case .rule(let id):
            "an ignore rule hits it: casparian ignores remove \(id), or add an exception: "
                + "casparian ignores add \(quoted("!" + hit.path))"
        case .settings: "'ignore' in the settings hits it: take '\(hit.pattern)' out of casparian.yaml"
        case .builtIn: "files like this are never read: staging files and SQLite's own; rename it if it is neither"
        }
    }

    /// A pattern for files like this one.
    private var pattern: String {
        let name = facts.path.split(separator: "/").last.map(String.init) ?? facts.path
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return name }
        return "*" + name[dot...]
    }

    // MARK: Jobs

    /// What to do about a job; nil if nothing.
    func step(for job: WhyFacts.JobFacts) -> String? {
        let id = job.listing.job.id
        switch job.listing.job.status {
        case .queued: return "job \(id): \(waiting(job))"
        case .pending:
            return "job \(id): another program holds it back as PENDING; it is handed out once that says QUEUED"
        case .running: return "job \(id): \(running(job))"
        case .completed:
            guard let rows = job.listing.quarantined, rows > 0 else { return nil }
            return
                "job \(id): \(Format.count(Int(rows), "row")) broke a contract: see the quarantine among its artifacts"
        case .failed: return "job \(id): \(failed(job))"
        case .skipped:
            if job.isOfChangedFile { return "job \(id): \(changed(job))" }
            return job.isCancelled
                ? "job \(id): a person called it off; to run it after all: casparian jobs retry \(id)"
                : "job \(id): it was skipped: casparian jobs retry \(id)"
        }
    }

    private func changed(_ job: WhyFacts.JobFacts) -> String {
        let what = "the file changed after it was queued, so nothing of it was kept"
        if job.isOutdated { return "\(what); its new content has a job of its own, nothing to do here" }
        let root = facts.places.first.map { " " + quoted($0.root.path) } ?? ""
        return "\(what): the next scan queues what is there then: casparian scan\(root)"
    }

    private func waiting(_ job: WhyFacts.JobFacts) -> String {
        let plugin = job.listing.job.pluginName
        if let pause = job.pause {
            return
                "'\(plugin)' is paused until \(pause.until), since \(pause.failures) of its jobs failed in a row: mend it, "
                + "or wait for the next probe"
        }
        if let until = job.listing.course.notBefore, until > facts.now {
            return "waits until \(until) for attempt \(job.listing.job.retryCount + 1)"
        }
        let live = facts.liveWorkers
        if live.isEmpty {
            return "no worker is connected: start one: casparian up, or casparian worker --connect ADDRESS"
        }
        let offering = live.filter { $0.plugins.contains(plugin) }
        if offering.isEmpty {
            if let build = job.build { return "waits until the packages of '\(plugin)' are installed: \(build)" }
            if let error = job.loadError {
                return "no worker can load '\(plugin)': \(FailureText.lastLine(error))"
            }
            return
                "no connected worker offers '\(plugin)': put \(plugin).py into a worker's plugins folder"
        }
        if let silence = silence(of: offering) { return silence }
        let ahead = job.ahead ?? 0
        let place =
            ahead == 0
            ? "it is next" : "\(Format.count(ahead, "job")) of '\(plugin)' \(ahead == 1 ? "is" : "are") before it"
        let busy = offering.filter { $0.status == .busy }.count
        return
            "\(place); \(Format.count(offering.count, "worker")) \(offering.count == 1 ? "offers" : "offer") the plugin, "
            + "\(busy) busy: wait, or start another worker"
    }

    private func running(_ job: WhyFacts.JobFacts) -> String {
        if job.isCancelled { return "a person called it off, and its worker is being told" }
        if job.isHolderAlive == false {
            return "its worker is gone: the sentinel hands it out again; start one if none runs: casparian sentinel"
        }
        let holder = facts.liveWorkers.filter {
            $0.hostname == job.listing.job.workerHost && $0.pid == job.listing.job.workerPID
        }
        if let silence = silence(of: holder) { return silence }
        return "it runs: casparian jobs wait \(job.listing.job.id)"
    }

    /// A question about the sentinel when even the freshest sign of these workers is old.
    private func silence(of workers: [WorkerNode]) -> String? {
        guard let last = workers.map(\.lastHeartbeat).max() else { return nil }
        let seconds = facts.now.secondsSinceEpoch - last.secondsSinceEpoch
        guard seconds > Self.silenceSeconds else { return nil }
        return "the last sign of its worker is from \(last): if no sentinel runs, start one: casparian sentinel"
    }

    private func failed(_ job: WhyFacts.JobFacts) -> String {
        if job.isOutdated { return "it failed on content that the file no longer has; nothing to do" }
        let id = job.listing.job.id
        let plugin = job.listing.job.pluginName
        let again = "casparian jobs retry \(id)"
        let tries = job.listing.course.isDead ? ", after all its \(Format.count(job.attempts.count, "attempt"))" : ""
        let reason =
            switch job.attempts.last?.cause {
            case "file" where facts.disk == .missing && !facts.path.isEmpty:
                "the file is gone: put it back if it is to be read, then"
            case "file": "the file could not be read: mend it and have it scanned, or"
            case "contract": "too many rows broke a contract: mend the file, the plugin or the contract, then"
            case "configuration":
                "its configuration does not fit: see casparian topics list --plugin \(plugin), mend it, then"
            case "sink": "the storage refused it: see the error, then"
            case "unreachable": "the storage could not be reached: see that it is there, then"
            case "full": "the disk was full: make room, then"
            case "deadline": "it took longer than it may: raise the limit or mend '\(plugin)', then"
            case "cancelled": "a person called it off; to run it after all:"
            case "guest": "the plugin's process died: see the error and its memory, then"
            default: "it failed for good: mend '\(plugin)' or the file, then"
            }
        guard let colon = reason.firstIndex(of: ":") else { return "\(reason) \(again)" }
        return "\(reason[..<colon])\(tries)\(reason[colon...]) \(again)"
    }

    /// As a shell takes it for one word.
    private func quoted(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "-"), UInt8(ascii: ","):
                true
            default: byte >= 0x80
            }
        }
        return isPlain && !text.isEmpty ? text : "'" + text.replacing("'", with: "'\\''") + "'"
    }
}
