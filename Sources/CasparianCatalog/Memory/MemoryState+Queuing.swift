import CasparianModel

/// The queueing of jobs that file versions lack.
extension MemoryState {
    /// Queues the jobs that the version lacks, and those that ended since its file had changed.
    ///
    /// - Parameter isReturned: The version's place had other content meanwhile.
    mutating func queue(
        _ version: FileVersionID, plugins wanted: [String], priority: Int, isReturned: Bool = false, now: Timestamp
    ) throws -> Int {
        var queued = 0
        for plugin in wanted {
            let key = JobKey(version: version, plugin: plugin)
            guard let known = jobByKey[key] else {
                queued += try insertJob(key, priority: priority, mayBeNeedless: true, now: now)
                continue
            }
            if isReturned, isReplaced(known, key) {
                queued += try insertJob(key, priority: priority, mayBeNeedless: false, now: now)
            } else if jobs[known]?.status == .skipped, duplicates[known] != nil {
                guard holder(of: key) == nil else { continue }
                takeUp(known, now: now)
                queued += 1
            } else {
                queued += takeUpAgain(known, now: now) ? 1 : 0
            }
        }
        return queued
    }

    mutating func rerun(_ wanted: [Rerun], now: Timestamp) throws -> RecordResult {
        var result = RecordResult()
        for one in wanted {
            let key = JobKey(version: one.fileVersionID, plugin: one.pluginName)
            let known = jobByKey[key]
            if let known, jobs[known]?.status.isPending == true { continue }
            if let known, jobs[known]?.status == .skipped, duplicates[known] != nil, holder(of: key) != nil { continue }
            guard versions[one.fileVersionID] != nil else { throw CatalogError.unknownVersion(one.fileVersionID) }
            result.queuedJobs += try insertJob(
                key, priority: one.priority, mayBeNeedless: known == nil, now: now)
        }
        return result
    }

    /// - Returns: How many jobs wait now that did not.
    private mutating func insertJob(
        _ key: JobKey, priority: Int, mayBeNeedless: Bool, now: Timestamp
    ) throws -> Int {
        guard plugins[key.plugin] != nil else { throw CatalogError.unknownPlugin(key.plugin) }
        var job = Job(id: nextID(), fileVersionID: key.version, pluginName: key.plugin, priority: priority)
        jobByKey[key] = job.id
        if mayBeNeedless, let holder = holder(of: key) {
            (job.status, job.endTime, job.errorMessage) = (.skipped, now, holder.reason)
            jobs[job.id] = job
            duplicates[job.id] = holder.versionID
            note(.skipped, job, at: now, detail: holder.reason)
            return 0
        }
        jobs[job.id] = job
        makeReady(job)
        note(.queued, job, at: now)
        guard skipsDuplicates(key.plugin), replaces(key.plugin) else { return 1 }
        // Rows of the place's earlier versions are going to be replaced: who counted on them needs rows of its own.
        return 1 + newestJobs(ofPlaceOf: key).count { release(of: $0.version, key.plugin, now: now) }
    }

    // MARK: Duplicates and content that returns

    private func skipsDuplicates(_ plugin: String) -> Bool { limits[plugin]?.duplicateContent == .skip }

    private func replaces(_ plugin: String) -> Bool {
        topicRows.lazy.filter { $0.pluginName == plugin }.map(\.sink).replacesRows
    }

    /// A file elsewhere with a version's content, whose job for the plugin makes another one needless.
    private func holder(of key: JobKey) -> DuplicateRule.Holder? {
        guard skipsDuplicates(key.plugin), let own = versions[key.version] else { return nil }
        for version in versions.values.sorted(by: { $0.id < $1.id })
        where version.contentHash == own.contentHash && version.locationID != own.locationID {
            guard let job = jobByKey[JobKey(version: version.id, plugin: key.plugin)].flatMap({ jobs[$0] }),
                let place = places[version.locationID],
                DuplicateRule.isHolder(
                    job.status, isCurrent: place.version?.id == version.id, replaces: replaces(key.plugin))
            else { continue }
            let root = roots.first { $0.id == place.sourceRootID }
            return DuplicateRule.Holder(
                versionID: version.id, jobID: job.id,
                path: root?.path(of: place.relativePath) ?? place.relativePath)
        }
        return nil
    }

    func contents(givenTo plugin: String) -> Set<String> {
        let replaces = replaces(plugin)
        let given = jobByKey.compactMap { key, id -> String? in
            guard key.plugin == plugin, let job = jobs[id], let version = versions[key.version] else { return nil }
            let isCurrent = places[version.locationID]?.version?.id == version.id
            return DuplicateRule.isHolder(job.status, isCurrent: isCurrent, replaces: replaces)
                ? version.contentHash : nil
        }
        return Set(given)
    }

    private mutating func takeUp(_ id: JobID, now: Timestamp) {
        duplicates[id] = nil
        guard var job = jobs[id], job.status == .skipped else { return }
        (job.status, job.endTime, job.errorMessage) = (.queued, nil, nil)
        jobs[id] = job
        makeReady(job)
        note(.requeued, job, at: now, detail: DuplicateRule.release)
    }

    /// A version's output is not there, or will not be: the first job that counted on it takes its place, also for the rest.
    ///
    /// - Returns: Whether there was one.
    @discardableResult
    mutating func release(of version: FileVersionID, _ plugin: String, now: Timestamp) -> Bool {
        let waiting = duplicates.filter { $0.value == version && jobs[$0.key]?.pluginName == plugin }.keys.sorted()
        guard let next = waiting.first(where: { jobs[$0]?.status == .skipped }) else { return false }
        takeUp(next, now: now)
        for id in waiting where id != next { duplicates[id] = jobs[next]?.fileVersionID }
        return true
    }

    /// The jobs of the other versions of a version's place.
    private func newestJobs(ofPlaceOf key: JobKey) -> [(version: FileVersionID, job: JobID)] {
        let place = versions[key.version]?.locationID
        return versions.values.filter { $0.locationID == place && $0.id != key.version }.sorted { $0.id < $1.id }
            .compactMap { version in
                jobByKey[JobKey(version: version.id, plugin: key.plugin)].map { (version.id, $0) }
            }
    }

    /// Whether the rows of a job that was completed may have been replaced by those of later content.
    private func isReplaced(_ job: JobID, _ key: JobKey) -> Bool {
        ReturnedVersion.isWanted(
            jobs[job]?.status, hasNewerJob: newestJobs(ofPlaceOf: key).contains { $0.job > job },
            replaces: replaces(key.plugin))
    }
}
