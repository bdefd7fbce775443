import CasparianModel
import CasparianPluginRuntime
import Foundation

extension PluginFolder {
    /// The version of a plugin that a job runs: one from the shelf, else the file as it lies there.
    ///
    /// - Parameter hash: Of the version that is meant; nil for the newest.
    /// - Throws: `PluginError` when what the plugin needs cannot be had.
    func item(_ plugin: String, hash: String?, onProgress: (String) -> Void) throws -> PluginShelf.Item? {
        if let item = shelf.item(plugin, hash: hash) { return item }
        let item = try itemAsItLies(plugin, onProgress: onProgress)
        // What is on record for the job is what has to run.
        guard hash == nil || item == nil || item?.edition.contentHash == hash else {
            throw PluginError(
                code: .failed, plugin: plugin,
                message:
                    "the version that the job was begun with is gone; it is tried again with the one that is there",
                cause: .busy)
        }
        return item
    }

    private func itemAsItLies(_ plugin: String, onProgress: (String) -> Void) throws -> PluginShelf.Item? {
        // Reading a program for each of its jobs would cost more than the jobs.
        if let found = state.withLock({ $0.unshelved[plugin] }), FileMark(path: found.path) == found.mark {
            return found.item
        }
        let mark = file(plugin).flatMap { FileMark(path: $0.path) }
        guard let item = try unshelvedItem(plugin, onProgress: onProgress) else { return nil }
        if let mark { state.withLock { $0.unshelved[plugin] = Unshelved(path: item.path, mark: mark, item: item) } }
        return item
    }

    /// The plugin's file as it lies there; nil if there is none, which the guest tells, too.
    private func unshelvedItem(_ plugin: String, onProgress: (String) -> Void) throws -> PluginShelf.Item? {
        guard let source = file(plugin).flatMap(PluginSource.init) else { return nil }
        func item(_ launch: PluginLaunch) -> PluginShelf.Item {
            PluginShelf.Item(
                edition: PluginEdition(version: "", contentHash: source.contentHash), path: source.path,
                source: source.bytes, launch: launch)
        }
        guard let text = source.text else {
            return item(PluginLaunch(program: source.path, mark: FileMark(path: source.path)))
        }
        func failure(_ reason: String) -> PluginError {
            PluginError(code: .cannotLoad, plugin: plugin, message: reason, cause: .configuration)
        }
        if let known = state.withLock({ $0.unrunnable[plugin] }), known.contentHash == source.contentHash,
            ContinuousClock.now - known.since < Self.unrunnableFor
        {
            throw failure(known.reason)
        }
        switch ScriptBlock.find(in: text) {
        case .none: return item(.python(command.program))
        case .broken(let reason): throw failure("\(source.path), \(reason)")
        case .block(let block):
            do throws(EnvironmentError) {
                return item(.python(try environments.build(block, stop: buildStop, onProgress: onProgress)))
            } catch {
                throw failure(unrunnable(source, "\(source.path): \(error)"))
            }
        }
    }

    /// Takes note that its packages cannot be had, so that not every job has that tried again.
    ///
    /// - Returns: The reason.
    func unrunnable(_ source: PluginSource, _ reason: String) -> String {
        let entry = Unrunnable(contentHash: source.contentHash, reason: reason, since: .now)
        state.withLock { $0.unrunnable[source.name] = entry }
        return reason
    }
}
