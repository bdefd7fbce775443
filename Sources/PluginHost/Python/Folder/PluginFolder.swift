import CasparianModel
import CasparianPluginRuntime
import Foundation
import Synchronization

/// What a folder of plugin files offers, and the versions of it that jobs run.
///
/// A file is read once for each change, loaded in a guest of its own, and put on the shelf if it loads. A version that
/// does not takes nothing away from the one before.
final class PluginFolder: Sendable {
    /// What to do about an environment that is not there.
    enum Building {
        /// Build it now, however long that takes.
        case now
        /// Say so; `buildNext` builds it.
        case later
    }

    /// The state of a file that something is said of.
    struct Mark {
        var file: FileMark?
        /// False for what is said later on: it counts only while the file has not been read again.
        var isFirst: Bool

        init(_ file: FileMark?, isFirst: Bool) {
            self.file = file
            self.isFirst = isFirst
        }
    }

    struct Known {
        /// Of the file when it was read.
        var mark: FileMark?
        var description: PluginDescription
    }

    /// A file that nobody has described, as a job found it.
    struct Unshelved {
        var path: String
        var mark: FileMark
        var item: PluginShelf.Item
    }

    /// A plugin that cannot be run, whatever its code is: its packages cannot be had.
    struct Unrunnable {
        var contentHash: String
        var reason: String
        var since: ContinuousClock.Instant
    }

    /// A job that comes later has it tried again: an index that could not be reached may be there by then.
    static let unrunnableFor = Duration.seconds(60)

    struct State {
        var unrunnable: [String: Unrunnable] = [:]
        var unshelved: [String: Unshelved] = [:]
        var known: [String: Known] = [:]
        /// Marks that the last look saw for the first time.
        var seen: [String: FileMark] = [:]
        /// Plugins whose environments are to be built.
        var wanted: [String] = []
    }

    let path: String
    let command: GuestCommand
    let environments: PluginEnvironments
    private let programs: ProgramStore
    let shelf: PluginShelf
    /// Guests that described plugins.
    let park = GuestPark()
    /// Ends what `buildNext` builds.
    let buildStop = BuildStop()
    let state = Mutex(State())

    /// - Parameter path: Absolute.
    init(path: String, command: GuestCommand, environments: PluginEnvironments, shelf: PluginShelf) {
        self.path = path
        self.command = command
        self.environments = environments
        programs = ProgramStore(folder: environments.folder + "/programs")
        self.shelf = shelf
    }

    /// What it offers as far as it has been looked at, by name.
    var plugins: [PluginDescription] {
        state.withLock { $0.known.values.map(\.description).sorted { $0.name < $1.name } }
    }

    /// Nil if the folder cannot be read.
    private var files: [PluginFile]? { PluginFile.list(in: path) }

    func file(_ name: String) -> PluginFile? { files?.first { $0.name == name } }

    /// Looks at every file, or at one.
    ///
    /// - Throws: `PluginError` when the folder cannot be read.
    func read(
        _ building: Building, only name: String? = nil, onProgress: (String) -> Void = { _ in }
    ) throws -> [PluginDescription] {
        guard let files else {
            throw PluginError(
                code: .unreadable, plugin: path,
                message: "the plugins folder cannot be read; create it or name another with --plugins")
        }
        let meant = files.filter { name == nil || $0.name == name }
        guard !meant.isEmpty else { return [] }
        let describer = try PluginDescriber(command)
        for file in meant { look(at: file, building, describer) { onProgress("\(file.name): \($0)") } }
        // Who asks about one plugin is about to run it.
        if name != nil { describer.park(in: park) }
        return plugins.filter { name == nil || $0.name == name }
    }

    /// Looks at what has changed since the last time and has been left alone since the last look.
    ///
    /// - Returns: Whether anything is offered otherwise now.
    func readChanges() -> Bool {
        // A folder that is away for a moment has lost no plugins.
        guard let files else { return false }
        let due = dueFiles(files)
        guard !due.changed.isEmpty || !due.gone.isEmpty else { return false }
        let before = plugins
        for name in due.gone {
            shelf.remove(name)
            state.withLock { $0.known[name] = nil }
        }
        if !due.changed.isEmpty, let describer = try? PluginDescriber(command) {
            for file in due.changed { look(at: file, .later, describer) { _ in } }
        }
        return plugins != before
    }

    private func dueFiles(_ files: [PluginFile]) -> (changed: [PluginFile], gone: [String]) {
        let marked = files.compactMap { file in FileMark(path: file.path).map { (file.name, $0) } }
        let marks = Dictionary(marked) { first, _ in first }
        let names = Set(files.map(\.name))
        return state.withLock { state in
            let changed = files.filter { file in
                guard let mark = marks[file.name], state.known[file.name]?.mark != mark else { return false }
                // Who writes a file in several steps is not through yet.
                return state.seen[file.name] == mark
            }
            state.seen = marks
            return (changed, state.known.keys.filter { !names.contains($0) })
        }
    }

    private func look(
        at file: PluginFile, _ building: Building, _ describer: PluginDescriber, _ onProgress: (String) -> Void
    ) {
        // Before it is read: what is written meanwhile is another change.
        let mark = Mark(FileMark(path: file.path), isFirst: true)
        guard let source = PluginSource(file) else {
            return note(PluginDescription(name: file.name, loadError: "\(file.path) cannot be read"), mark)
        }
        let former = state.withLock { $0.known[file.name] }
        if let former, former.description.contentHash == source.contentHash, former.description.isOffered {
            // Back to the version that goes on, if there was another.
            var same = former.description
            same.notice = nil
            return note(same, mark)
        }
        guard let text = source.text else {
            let launch = PluginLaunch(program: file.path, mark: mark.file, copy: programs.keep(source))
            return take(source, launch, mark, describer)
        }
        switch ScriptBlock.find(in: text) {
        case .none: take(source, .python(command.program), mark, describer)
        case .broken(let reason): note(failed(source, "\(source.path), \(reason)"), mark)
        case .block(let block):
            if let interpreter = environments.interpreter(for: block) {
                take(source, .python(interpreter), mark, describer)
            } else if building == .now {
                build(source, block, mark, describer, onProgress)
            } else {
                wait(source, mark)
            }
        }
    }

    private func take(
        _ source: PluginSource, _ launch: PluginLaunch, _ mark: Mark, _ describer: PluginDescriber
    ) {
        let found = describer.describe(source, launch)
        guard mark.isFirst || isCurrent(source.name, mark) else { return }
        if found.loadError == nil {
            let edition = PluginEdition(version: found.manifest.version, contentHash: source.contentHash)
            shelf.put(
                PluginShelf.Item(
                    edition: edition, path: source.path, source: source.bytes, launch: launch),
                as: source.name)
        }
        note(found, mark)
    }

    private func failed(_ source: PluginSource, _ reason: String) -> PluginDescription {
        PluginDescription(
            name: source.name, contentHash: source.contentHash, source: source.text, loadError: reason)
    }

    private func build(
        _ source: PluginSource, _ block: ScriptBlock, _ mark: Mark, _ describer: PluginDescriber,
        _ onProgress: (String) -> Void
    ) {
        do {
            let interpreter = try environments.build(block, stop: buildStop, onProgress: onProgress)
            take(source, .python(interpreter), mark, describer)
        } catch {
            note(failed(source, unrunnable(source, "\(source.path): \(error)")), mark)
        }
    }

    /// The version waits for its environment.
    private func wait(_ source: PluginSource, _ mark: Mark) {
        noteBuilding(source, "packages are about to be installed", mark)
        state.withLock { if !$0.wanted.contains(source.name) { $0.wanted.append(source.name) } }
    }

    private func noteBuilding(_ source: PluginSource, _ text: String, _ mark: Mark) {
        let notice = PluginNotice(.building, contentHash: source.contentHash, text: text)
        state.withLock { state in
            guard mark.isFirst || state.known[source.name]?.mark == mark.file else { return }
            var description: PluginDescription
            if let former = state.known[source.name]?.description, former.isOffered {
                description = former
            } else {
                description = PluginDescription(
                    name: source.name, contentHash: source.contentHash, source: source.text)
            }
            description.notice = notice
            state.known[source.name] = Known(mark: mark.file, description: description)
        }
    }

    /// What a look found; a version that cannot be loaded does not take the place of one that can.
    private func note(_ found: PluginDescription, _ mark: Mark) {
        state.withLock { state in
            guard mark.isFirst || state.known[found.name]?.mark == mark.file else { return }
            var description = found
            if let error = found.loadError, let former = state.known[found.name]?.description, former.isOffered,
                let hash = found.contentHash
            {
                description = former
                description.notice = PluginNotice(.rejected, contentHash: hash, text: Self.rejection(hash, error))
            }
            state.known[found.name] = Known(mark: mark.file, description: description)
        }
    }

    private func isCurrent(_ name: String, _ mark: Mark) -> Bool {
        state.withLock { $0.known[name]?.mark == mark.file }
    }

    private static func rejection(_ hash: String, _ error: String) -> String {
        "the newest edit (\(hash.prefix(12))) cannot be loaded and is not used: \(error)"
    }

    /// Builds the environment of one plugin that waits for it, and loads the plugin.
    ///
    /// - Parameter onChange: Called when `plugins` says something new.
    /// - Returns: False if none waits.
    func buildNext(onChange: () -> Void) -> Bool {
        guard let name = state.withLock({ $0.wanted.isEmpty ? nil : $0.wanted.removeFirst() }) else { return false }
        guard let file = file(name) else { return true }
        let mark = Mark(FileMark(path: file.path), isFirst: false)
        guard let source = PluginSource(file), let text = source.text,
            case .block(let block) = ScriptBlock.find(in: text),
            let describer = try? PluginDescriber(command)
        else { return true }
        build(source, block, mark, describer) { text in
            noteBuilding(source, text, mark)
            onChange()
        }
        onChange()
        return true
    }
}
