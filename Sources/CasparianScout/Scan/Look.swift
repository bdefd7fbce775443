import CasparianCatalog
import CasparianModel
import FileDiscovery

extension Scout {
    /// Files that are hashed after all others of a look, so that those need not wait for them.
    static let bigFileBytes: Int64 = 64 << 20

    /// Looks at a few paths below a root, of which something was heard: new and changed files are recorded, and what is not
    /// there any more.
    ///
    /// - Parameters:
    ///   - root: An active root.
    ///   - paths: Relative paths; true for those whose writer has closed them or that were renamed into place.
    ///   - now: The moment that file ages count from.
    /// - Returns: What was found; `unsettled` are files to look at again.
    /// - Throws: `DiscoveryError` when the root cannot be read, `CatalogError`, `PatternError`.
    public func look(_ root: SourceRoot, at paths: [String: Bool], now: Timestamp) async throws -> ScanReport {
        let setting = try await ScanSetting(self, root, now: now)
        var report = ScanReport(root: root.path)
        var known: [ExactPath: KnownFile] = [:]
        for file in try await setting.catalog.knownFiles(root: root.id, paths: Array(paths.keys)) {
            known[ExactPath(file.relativePath)] = file
        }
        var wanted: [FileReading.Wanted] = []
        var back: [FileObservation] = []
        var gone: [FileLocationID] = []
        for (path, isClosed) in paths where !setting.isLeftOut(path) {
            let last = known[ExactPath(path)]
            do throws(DiscoveryError) {
                guard let file = try setting.folder.file(path) else {
                    if let last, try setting.isGone(last) { gone.append(last.locationID) }
                    continue
                }
                report.filesSeen += 1
                if let last, ScanSetting.isUnchanged(file, since: last) {
                    report.unchangedFiles += 1
                    if last.goneSince != nil { back.append(setting.unread(file, since: last, now: now)) }
                } else if setting.isComplete(file, isClosed: isClosed, now: now, &report) {
                    wanted.append(.init(file: file, isNew: last == nil))
                }
            } catch {
                report.note(error)
            }
        }
        var moves = try await MoveFinder(setting, isFirst: false)
        let small = wanted.filter { $0.file.sizeBytes < Self.bigFileBytes }
        let big = wanted.filter { $0.file.sizeBytes >= Self.bigFileBytes }
        for files in [small] + big.map({ [$0] }) where !files.isEmpty || !back.isEmpty {
            let reading = try await FileReading(files, setting, &moves, now: now)
            report.note(reading.failures, now: now)
            let record = ScanRecord(observations: reading.observations + back)
            report.add(try await setting.catalog.record(record, root: root.id, now: now))
            back = []
        }
        let missing = gone.filter { !moves.moved.contains($0) }
        report.add(try await setting.catalog.record(ScanRecord(gone: missing), root: root.id, now: now))
        return report
    }
}

extension ScanReport {
    /// Notes files that could not be read; those that are being written are left for later.
    mutating func note(_ failures: [(path: String, problem: DiscoveryError)], now: Timestamp) {
        for (path, problem) in failures {
            if problem.isChanging {
                unsettled.append(.init(relativePath: path, notBefore: now))
            } else if !problem.isGone {
                note(problem)
            }
        }
    }
}

extension ScanSetting {
    /// Ignored, or the system's own.
    func isLeftOut(_ path: String) -> Bool {
        ownFiles.contains { $0.utf8.elementsEqual(path.utf8) } || ignored.matches(bytes: PathText.bytes(path))
    }

    /// Whether a known file that is not there was taken away, rather than the file system that it lay on.
    func isGone(_ file: KnownFile) throws(DiscoveryError) -> Bool {
        guard file.goneSince == nil, file.version != nil else { return false }
        return try Absences.isSameFileSystem(file.relativePath, file.stamp?.device, folder)
    }

    /// A file that is as it was, for the record.
    func unread(_ file: FoundFile, since last: KnownFile, now: Timestamp) -> FileObservation {
        observation(
            file.relativePath, sizeBytes: file.sizeBytes, modified: file.modified,
            stamp: last.stamp == file.stamp ? nil : file.stamp, hash: nil, now: now)
    }

    /// Whether a file that was complete when it was looked at still was when it was read: a writer may have begun between.
    func isStillComplete(_ looked: FoundFile, _ read: HashedFile, now: Timestamp) -> Bool {
        let policy = configuration.settling
        if policy.isTrivial || (looked.stamp == read.stamp && !policy.hasMarkers) { return true }
        guard let file = (try? folder.file(looked.relativePath)) ?? nil, file.stamp == read.stamp else { return false }
        // The moment of the look may be a while ago by now, and only what has happened since makes a difference.
        let verdict = policy.verdict(file, now: max(now, file.changed)) { path in
            ((try? folder.file(path)) ?? nil) != nil
        }
        return verdict == .complete || (looked.stamp == read.stamp && !policy.isMarked(looked.relativePath))
    }

    /// Whether a file may be read; if not, and it will be input one day, it is noted as unsettled.
    func isComplete(_ file: FoundFile, isClosed: Bool, now: Timestamp, _ report: inout ScanReport) -> Bool {
        let verdict = configuration.settling.verdict(file, now: now, isClosed: isClosed) { path in
            ((try? folder.file(path)) ?? nil) != nil
        }
        switch verdict {
        case .complete: return true
        case .noInput: report.leftOut += 1
        case .waits(let until): report.unsettled.append(.init(relativePath: file.relativePath, notBefore: until))
        case .waitsForMarker: report.unsettled.append(.init(relativePath: file.relativePath, notBefore: nil))
        }
        return false
    }
}
