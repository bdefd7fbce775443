import CasparianModel

extension MemoryState {
    /// A place with its version as it is now (a place keeps the version's id up to date, the version its tags).
    private func current(_ place: KnownFile) -> KnownFile {
        var file = place
        if let id = place.version?.id { file.version = versions[id] }
        return file
    }

    func knownFiles(root: SourceRootID) -> [KnownFile] {
        places.values.filter { $0.sourceRootID == root }.map { current($0) }
            .sorted { Self.precedes($0.relativePath, $1.relativePath) }
    }

    func file(_ relativePath: String, root: SourceRootID) -> KnownFile? {
        placeByPath[PlaceKey(root: root, path: relativePath)].flatMap { places[$0] }.map { current($0) }
    }

    func listFiles(_ filter: FileFilter) -> [FileListing] {
        let paths = Dictionary(uniqueKeysWithValues: roots.map { ($0.id, $0.path) })
        let found = places.values.map { current($0) }.filter { file in
            (filter.root == nil || file.sourceRootID == filter.root)
                && (filter.pathContains.map { file.relativePath.contains($0) } ?? true)
                && (filter.tag.map { file.version?.tags.contains($0) ?? false } ?? true)
        }
        let sorted = found.sorted {
            $0.relativePath.utf8.elementsEqual($1.relativePath.utf8)
                ? $0.sourceRootID < $1.sourceRootID : Self.precedes($0.relativePath, $1.relativePath)
        }
        return sorted.prefix(filter.limit).map { FileListing(rootPath: paths[$0.sourceRootID] ?? "", file: $0) }
    }

    /// By bytes, as SQLite compares text.
    private static func precedes(_ left: String, _ right: String) -> Bool {
        left.utf8.lexicographicallyPrecedes(right.utf8)
    }

    /// Places with one of these contents.
    func places(holding contents: Set<String>) -> [FileListing] {
        listFiles(FileFilter()).filter { listing in
            listing.file.version.map { contents.contains($0.contentHash) } == true
        }
    }

    mutating func record(_ scan: ScanRecord, root: SourceRootID, now: Timestamp) throws -> RecordResult {
        guard roots.contains(where: { $0.id == root }) else { throw CatalogError.unknownRoot(root) }
        var result = RecordResult()
        for seen in scan.observations {
            if let from = seen.movedFrom { move(from, to: seen.relativePath, root, now, &result) }
            try record(seen, root: root, now: now, &result)
        }
        for id in scan.gone where places[id] != nil && places[id]?.goneSince == nil {
            places[id]?.goneSince = now
            result.goneFiles += 1
        }
        for folder in scan.folders { folders[root, default: [:]][Array(folder.path.utf8)] = folder }
        for path in scan.forgottenFolders { folders[root, default: [:]][Array(path.utf8)] = nil }
        return result
    }

    private mutating func move(
        _ id: FileLocationID, to path: String, _ root: SourceRootID, _ now: Timestamp, _ result: inout RecordResult
    ) {
        let target = PlaceKey(root: root, path: path)
        guard var place = places[id], placeByPath[target] == nil else { return }
        func absolute(_ place: KnownFile) -> String {
            roots.first { $0.id == place.sourceRootID }?.path(of: place.relativePath) ?? place.relativePath
        }
        let from = absolute(place)
        placeByPath[PlaceKey(root: place.sourceRootID, path: place.relativePath)] = nil
        (place.sourceRootID, place.relativePath) = (root, path)
        places[id] = place
        placeByPath[target] = id
        moves.append(FileMove(locationID: id, from: from, to: absolute(place), at: now))
        result.movedFiles += 1
    }

    private mutating func record(
        _ seen: FileObservation, root: SourceRootID, now: Timestamp, _ result: inout RecordResult
    ) throws {
        let key = PlaceKey(root: root, path: seen.relativePath)
        var place = placeByPath[key].flatMap { places[$0] }
        guard let hash = seen.contentHash?.hex ?? place?.version?.contentHash else {
            throw CatalogError.unreadFile(seen.relativePath)
        }
        if place == nil { result.newFiles += 1 }
        if place != nil, place?.version?.contentHash == hash { result.unchangedFiles += 1 }
        let id = place?.locationID ?? nextID()
        place = place ?? KnownFile(locationID: id, sourceRootID: root, relativePath: seen.relativePath)
        let before = place?.version?.id
        let (version, isNew) = setVersion(
            hash: hash, of: id, sizeBytes: seen.sizeBytes, modified: seen.modified, now: now)
        if isNew { result.newVersions += 1 }
        versions[version]?.tags = seen.tags
        place?.version = versions[version]
        place?.lastKnownModified = seen.modified
        place?.lastKnownSizeBytes = seen.sizeBytes
        if let stamp = seen.stamp { place?.stamp = stamp }
        place?.goneSince = nil
        places[id] = place
        placeByPath[key] = id
        result.queuedJobs += try queue(
            version, plugins: seen.plugins, priority: seen.priority, isReturned: !isNew && before != version, now: now)
    }

    /// The version of this content at this place: the one that is there or a new one.
    mutating func setVersion(
        hash: String, of place: FileLocationID, sizeBytes: Int64, modified: Timestamp, now: Timestamp
    ) -> (FileVersionID, isNew: Bool) {
        let key = VersionKey(place: place, hash: hash)
        if let known = versionByHash[key] { return (known, false) }
        let id: FileVersionID = nextID()
        versions[id] = FileVersion(
            id: id, locationID: place, contentHash: hash, sizeBytes: sizeBytes, modified: modified, detected: now)
        versionByHash[key] = id
        return (id, true)
    }

    mutating func reroute(_ routes: [VersionRoute], now: Timestamp) throws -> RecordResult {
        var result = RecordResult()
        for route in routes {
            guard versions[route.fileVersionID] != nil else { throw CatalogError.unknownVersion(route.fileVersionID) }
            versions[route.fileVersionID]?.tags = route.tags
            result.queuedJobs += try queue(
                route.fileVersionID, plugins: route.plugins, priority: route.priority, now: now)
        }
        return result
    }

    /// The newest jobs of versions below a root.
    func work(root: SourceRootID) -> [VersionWork] {
        jobByKey.compactMap { key, id in
            guard let job = jobs[id], let version = versions[key.version],
                places[version.locationID]?.sourceRootID == root
            else { return nil }
            return VersionWork(
                locationID: version.locationID, fileVersionID: version.id, pluginName: key.plugin, status: job.status,
                identity: work[id])
        }
    }

    /// What a job of the plugin would be done with now.
    func identity(of plugin: String) -> WorkIdentity {
        WorkIdentity(
            pluginHash: deployments[plugin]?.sourceHash,
            configurationHash: WorkIdentity.digest(
                sinks: topicRows.filter { $0.pluginName == plugin }.map(\.sink),
                parameters: plugins[plugin]?.defaultParameters))
    }

    /// A job's output file below a root is a file of that root.
    mutating func addOutput(_ file: OutputFile, _ artifact: Artifact, now: Timestamp) {
        let key = PlaceKey(root: file.root, path: file.relativePath)
        let id = placeByPath[key] ?? nextID()
        placeByPath[key] = id
        var place =
            places[id]
            ?? KnownFile(
                locationID: id, sourceRootID: file.root, relativePath: file.relativePath,
                lastKnownSizeBytes: artifact.sizeBytes)
        if let hash = artifact.contentHash.flatMap({ ContentHash(hex: $0) }), let size = artifact.sizeBytes {
            place.version = versions[setVersion(hash: hash.hex, of: id, sizeBytes: size, modified: now, now: now).0]
            place.lastKnownSizeBytes = size
            place.stamp = nil
        }
        places[id] = place
    }
}
