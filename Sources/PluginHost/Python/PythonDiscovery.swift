import CasparianModel
import CasparianPluginRuntime
import Crypto
import Foundation

/// Reads the manifest of every plugin file of a folder in one short-lived guest.
///
/// A file that ends the guest or hangs it costs that file: the next ones are described by a new guest.
struct PythonDiscovery {
    let folder: String
    let command: GuestCommand

    /// A plugin file as it lay there.
    private struct Source {
        var name: String
        var path: String
        var bytes: Data
        var contentHash: String { SHA256.hash(data: bytes).map { String(format: "%02x", $0) }.joined() }
    }

    private func pluginNames() throws -> [String] {
        guard let names = PythonPlugins.fileNames(in: folder) else {
            throw PluginError(
                code: .unreadable, plugin: folder,
                message: "the plugins folder cannot be read; create it or name another with --plugins")
        }
        return names
    }

    func run(where isMeant: (String) -> Bool = { _ in true }) throws -> [PluginDescription] {
        let names = try pluginNames().filter(isMeant)
        guard !names.isEmpty else { return [] }
        let cancel = try CancelSignal()
        var guest: GuestProcess?
        defer { guest?.stop(politely: true) }
        return names.map { name in
            let path = "\(folder)/\(name).py"
            guard let bytes = FileManager.default.contents(atPath: path) else {
                return PluginDescription(name: name, loadError: "\(path) cannot be read")
            }
            return describe(Source(name: name, path: path, bytes: bytes), &guest, cancel)
        }
    }

    private func describe(_ source: Source, _ guest: inout GuestProcess?, _ cancel: CancelSignal) -> PluginDescription {
        var found = PluginDescription(
            name: source.name, contentHash: source.contentHash, source: String(decoding: source.bytes, as: UTF8.self))
        do {
            let running = try guest ?? GuestProcess.start(command, cancel: cancel)
            guest = running
            running.log.reset()
            try running.channel.send(GuestFrameType.describe, GuestOrder.Describe(module: source.path), cancel: cancel)
            let deadline = ContinuousClock.now + command.limits.describe
            guard case .plugin(let plugin) = try running.channel.receive(cancel: cancel, deadline: deadline) else {
                throw GuestEnd.garbage("a frame that has no place in discovery")
            }
            if let manifest = plugin.manifest { found.manifest = manifest }
            found.loadError = plugin.error
            if plugin.error == nil, plugin.contentHash != found.contentHash {
                found.loadError = "\(source.path) changed while it was read; register it again"
            }
        } catch {
            found.loadError = text(error, source, guest)
            guest = nil
        }
        return found
    }

    /// Ends the guest and says why the file could not be described.
    private func text(_ error: any Error, _ source: Source, _ guest: GuestProcess?) -> String {
        guard let end = error as? GuestEnd else {
            let printed = (error as? GuestStartFailure)?.printed ?? ""
            return "the Python guest cannot be started: \(error)" + (printed.isEmpty ? "" : "\n" + printed)
        }
        let exit = guest?.stop(politely: end == .gone)
        let what: String =
            switch end {
            case .timedOut: "importing it took longer than \(command.limits.describe)"
            case .garbage(let text): "importing it broke the guest protocol: \(text)"
            default: "importing it ended the process: \(exit?.description ?? "reason unknown")"
            }
        let printed = guest?.log.tail() ?? ""
        return "\(source.path): \(what)" + (printed.isEmpty ? "" : "\n" + printed)
    }
}
