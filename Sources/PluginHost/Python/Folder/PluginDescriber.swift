import CasparianModel
import Foundation

/// Reads the manifests of plugin files, each in a guest that has run no job; one guest for each interpreter.
///
/// A file that ends its guest or hangs it costs that file: the next one is described by a new guest. Confined to one
/// thread.
final class PluginDescriber {
    private let command: GuestCommand
    private let cancel: CancelSignal
    private var guests: [PluginLaunch: GuestProcess] = [:]

    /// - Parameter command: Starts a guest of the interpreter that plugins without an environment of their own use.
    init(_ command: GuestCommand) throws {
        self.command = command
        cancel = try CancelSignal()
    }

    /// Hands its guests on.
    func park(in park: GuestPark) {
        for (launch, guest) in guests { park.put(guest, launch) }
        guests = [:]
    }

    deinit { for guest in guests.values { guest.stop(politely: true) } }

    func describe(_ source: PluginSource, _ launch: PluginLaunch) -> PluginDescription {
        var found = PluginDescription(name: source.name, contentHash: source.contentHash, source: source.text)
        do {
            let running = try guests[launch] ?? GuestProcess.start(try command.running(launch), cancel: cancel)
            guests[launch] = running
            running.log.reset()
            let order = GuestOrder.Describe(module: source.path, source: source.bytes)
            try running.channel.send(GuestFrameType.describe, order, cancel: cancel)
            let deadline = ContinuousClock.now + command.limits.describe
            guard case .plugin(let plugin) = try running.channel.receive(cancel: cancel, deadline: deadline) else {
                throw GuestEnd.garbage("a frame that has no place in discovery")
            }
            if let manifest = plugin.manifest { found.manifest = manifest }
            found.loadError = plugin.error
        } catch {
            found.loadError = text(error, source, guests.removeValue(forKey: launch))
        }
        return found
    }

    /// Ends the guest and says why the file could not be described.
    private func text(_ error: any Error, _ source: PluginSource, _ guest: GuestProcess?) -> String {
        guard let end = error as? GuestEnd else {
            let printed = (error as? GuestStartFailure)?.printed ?? ""
            let what = source.file.isProgram ? "it" : "the Python guest"
            return "\(what) cannot be started: \(error)" + (printed.isEmpty ? "" : "\n" + printed)
        }
        let exit = guest?.stop(politely: end == .gone)
        let what: String =
            switch end {
            case .timedOut: "importing it took longer than \(command.limits.describe)"
            case .garbage(let text): "importing it broke the guest protocol: \(text)"
            default: "importing it ended the process: \(exit?.description ?? "reason unknown")"
            }
        let printed = guest?.log.tail() ?? ""
        return
            "\(source.path): \(source.file.isProgram ? what.replacing("importing it", with: "asking it what it is") : what)"
            + (printed.isEmpty ? "" : "\n" + printed)
    }
}
