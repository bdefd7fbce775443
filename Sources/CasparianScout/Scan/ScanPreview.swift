import CasparianCatalog
import CasparianModel

/// What a scan would record.
public struct ScanPreview: Sendable {
    public var report: ScanReport
    /// New, changed and moved files, with their content.
    public var observations: [FileObservation]
    /// Places whose file is not there any more.
    public var gone: Set<FileLocationID>
}

extension Scout {
    /// Scans one root and changes nothing: files that are new or changed are read, and what they are is told.
    ///
    /// - Parameters:
    ///   - root: An active root.
    ///   - catalog: What is known.
    ///   - configuration: By which files are routed.
    ///   - now: The wall clock.
    ///   - onProgress: Called after each chunk.
    /// - Throws: What `scan` throws.
    public func preview(
        _ root: SourceRoot, catalog: any Catalog, configuration: WorkConfiguration, now: Timestamp,
        onProgress: (ScanReport) -> Void = { _ in }
    ) async throws -> ScanPreview {
        let store = PreviewStore(catalog, configuration)
        let scout = Scout(store: store, configuration: self.configuration, logger: logger)
        let report = try await scout.scan(root, now: now, onProgress: onProgress)
        return ScanPreview(report: report, observations: store.observations, gone: Set(store.gone))
    }
}
