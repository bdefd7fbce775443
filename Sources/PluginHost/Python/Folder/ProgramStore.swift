import Foundation

/// Copies of plugins that are programs, by their hash: what runs the last good version once another file lies in its place.
struct ProgramStore: Hashable, Sendable {
    /// Absolute.
    var folder: String

    /// Keeps a version; nil if that cannot be done, and the version runs only as long as its file is there.
    func keep(_ source: PluginSource) -> String? {
        let place = "\(folder)/\(source.contentHash).plugin"
        if access(place, X_OK) == 0 { return place }
        let part = "\(place).\(getpid())"
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try? FileManager.default.removeItem(atPath: part)
            try FileManager.default.copyItem(atPath: source.path, toPath: part)
        } catch {
            return nil
        }
        // What was copied must be what was hashed.
        let file = PluginFile(name: source.name, path: part, isProgram: true)
        guard PluginSource(file)?.contentHash == source.contentHash, chmod(part, 0o755) == 0, rename(part, place) == 0
        else {
            unlink(part)
            return nil
        }
        return place
    }
}
