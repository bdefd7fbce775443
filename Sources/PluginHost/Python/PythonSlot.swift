import CasparianModel
import CasparianPluginRuntime

/// Runs one Python job at a time in a warm guest.
final class PythonSlot: PluginSlot {
    private let path: String
    private let folder: PluginFolder
    private let onProgress: @Sendable (String) -> Void
    private let interpreter: String
    private let environment: GuestEnvironment
    private let isSandboxed: Bool
    private let guests: WarmGuests
    /// Whether guests are started before a job asks for them.
    private let startsAhead: Bool
    /// Nil when the process had no descriptors left; then no job runs.
    private let cancelSignal: Result<CancelSignal, GuestStartError>

    init(
        _ folder: PluginFolder, path: String, command: GuestCommand, environment: GuestEnvironment,
        startsAhead: Bool, onProgress: @escaping @Sendable (String) -> Void
    ) {
        self.folder = folder
        self.path = path
        self.environment = environment
        self.onProgress = onProgress
        self.startsAhead = startsAhead
        interpreter = command.program
        isSandboxed = command.sandbox != nil
        guests = WarmGuests(command: command, shelf: folder.shelf, park: folder.park)
        cancelSignal = Result { () throws(GuestStartError) in try CancelSignal() }
        if startsAhead { guests.warmAll() }
    }

    func edition(of plugin: String) -> PluginEdition? { folder.shelf.item(plugin)?.edition }

    func run(_ invocation: PluginInvocation, output: any PluginOutput) throws {
        let plugin = invocation.pluginName
        let cancel: CancelSignal
        do { cancel = try cancelSignal.get() } catch { throw Self.cannotStart(plugin, "\(error)", printed: "") }
        cancel.begin()
        defer { cancel.end() }
        // From here on `cancel` is heard.
        if output.isCancelled { throw Self.error(.cancelled, plugin: plugin, exit: nil, printed: "") }
        let item = try folder.item(plugin, hash: invocation.pluginHash, onProgress: onProgress)
        let kind = WarmGuests.Kind(
            launch: item?.launch ?? .python(interpreter),
            allowsNetwork: isSandboxed && invocation.resources.allowsNetwork)
        let guest = try warmGuest(kind, for: plugin, cancel: cancel)
        var breach: ResourceBreach?
        do {
            let residentBytes = try converseWatched(invocation, item, guest, output, cancel, &breach)
            if let peak = guest.peakBytes { output.note(peakBytes: peak) }
            keep(guest, kind, unless: guest.isWorn(residentBytes: residentBytes))
        } catch let failure as JobFailure {
            if let peak = guest.peakBytes { output.note(peakBytes: peak) }
            keep(guest, kind, unless: guest.isWorn(residentBytes: failure.residentBytes))
            throw failure.error
        } catch let end as GuestEnd {
            let exit = guest.stop(politely: end == .gone)
            if startsAhead { guests.warm([kind]) }
            if let peak = exit?.peakBytes { output.note(peakBytes: peak) }
            let limit = breach ?? ResourceBreach(exit, invocation.resources)
            throw Self.error(end, plugin: plugin, exit: exit, printed: guest.log.tail(), limit: limit)
        } catch let refusal as GuestStartError {
            keep(guest, kind, unless: true)
            throw PluginError(
                code: .failed, plugin: plugin,
                message:
                    "its limits cannot be set on this machine: \(refusal); take them back (plugins set), or run the "
                    + "worker where it may limit its processes", cause: .configuration)
        } catch {
            // The output took no more: the plugin has nobody to speak to.
            if let peak = guest.stop(politely: false)?.peakBytes { output.note(peakBytes: peak) }
            throw error
        }
    }

    /// A plugin's own failure: the guest is well.
    private struct JobFailure: Error {
        var error: PluginError
        var residentBytes: Int64?
    }

    /// - Parameter breach: What the guest was ended for, set before this returns or throws: who looks at the guest does so no more.
    private func converseWatched(
        _ invocation: PluginInvocation, _ item: PluginShelf.Item?, _ guest: GuestProcess,
        _ output: any PluginOutput, _ cancel: CancelSignal, _ breach: inout ResourceBreach?
    ) throws -> Int64? {
        let watch = GuestWatch(guest, invocation.resources)
        defer { breach = watch?.end() }
        return try converse(invocation, item, guest, output, cancel)
    }

    /// Returns the guest's resident memory after the job, in bytes.
    private func converse(
        _ invocation: PluginInvocation, _ item: PluginShelf.Item?, _ guest: GuestProcess,
        _ output: any PluginOutput, _ cancel: CancelSignal
    ) throws -> Int64? {
        try guest.beginJob(invocation.resources)
        let order = GuestOrder.Job(
            plugin: invocation.pluginName, module: item?.path ?? "\(path)/\(invocation.pluginName).py",
            contentHash: item?.edition.contentHash,
            source: item.flatMap { guest.needs(source: $0.edition.contentHash) ? $0.source : nil },
            filePath: invocation.filePath, fileID: invocation.fileVersionID.rawValue,
            jobID: invocation.jobID.rawValue, parameters: invocation.parameters)
        try guest.channel.send(GuestFrameType.job, order, cancel: cancel)
        while true {
            switch try guest.channel.receive(cancel: cancel) {
            case .data(let topic, let batches):
                for batch in batches { try output.write(batch, topic: topic) }
            case .done(let done):
                return done.residentBytes
            case .failed(let failed):
                throw JobFailure(
                    error: PluginError(
                        code: Self.code(failed.code), plugin: invocation.pluginName,
                        message: explained(failed.message, invocation, peakBytes: guest.peakBytes),
                        logTail: guest.log.tail()), residentBytes: failed.residentBytes)
            case .hello, .plugin:
                throw GuestEnd.garbage("a frame that has no place in a job")
            }
        }
    }

    /// A traceback, and what its author may not know about its cause.
    private func explained(_ failure: String, _ invocation: PluginInvocation, peakBytes: Int64?) -> String {
        let breach = ResourceBreach(failure: failure, invocation.resources, peakBytes: peakBytes)
        let wall =
            isSandboxed
            ? SandboxHint.hint(for: failure, plugin: invocation.pluginName, invocation.resources) : nil
        return [failure, environment.hint(for: failure), breach?.message, wall].compactMap { $0 }
            .joined(separator: "\n")
    }

    private func warmGuest(
        _ kind: WarmGuests.Kind, for plugin: String, cancel: CancelSignal
    ) throws -> GuestProcess {
        if guests.isShutDown {
            throw PluginError(code: .cancelled, plugin: plugin, message: "this worker is shutting down")
        }
        do {
            return try guests.take(kind, cancel: cancel)
        } catch GuestEnd.cancelled {
            throw PluginError(code: .cancelled, plugin: plugin, message: "stopped on request")
        } catch let stale as StaleProgram {
            throw PluginError(code: .failed, plugin: plugin, message: "\(stale)", cause: .busy)
        } catch let failure as GuestStartFailure {
            throw Self.cannotStart(plugin, "\(failure)", printed: failure.printed, isProgram: kind.launch.isProgram)
        } catch {
            throw Self.cannotStart(plugin, "\(error)", printed: "")
        }
    }

    private func keep(_ guest: GuestProcess, _ kind: WarmGuests.Kind, unless isWorn: Bool) {
        guard isWorn else { return guests.keep(guest, kind) }
        guest.stop(politely: true)
        if startsAhead { guests.warm([kind]) }
    }

    func cancel() { try? cancelSignal.get().raise() }

    func shutDown() {
        guests.shutDown()
        cancel()
    }

    private static func code(_ text: String?) -> PluginError.Code {
        switch text {
        case "cannot_load": .cannotLoad
        case "unsupported_data": .unsupportedData
        default: .failed
        }
    }

    private static func cannotStart(
        _ plugin: String, _ reason: String, printed: String, isProgram: Bool = false
    ) -> PluginError {
        let message =
            isProgram
            ? "its program cannot be started as a guest: \(reason); docs/guest-protocol.md says what it has to speak"
            : "the Python guest cannot be started: \(reason); name an interpreter that has pyarrow with --python or in "
                + "casparian.yaml"
        return PluginError(
            code: .cannotLoad, plugin: plugin, message: message, logTail: printed, cause: .configuration)
    }

    private static func error(
        _ end: GuestEnd, plugin: String, exit: GuestExit?, printed: String, limit: ResourceBreach? = nil
    ) -> PluginError {
        switch end {
        case .cancelled:
            return PluginError(code: .cancelled, plugin: plugin, message: "stopped on request", logTail: printed)
        case .garbage(let text):
            return PluginError(
                code: .guestGarbage, plugin: plugin,
                message: "broke the guest protocol: \(text); a plugin must leave descriptor 3 alone", logTail: printed)
        case .gone, .timedOut:
            let reason = exit.map { exit in
                guard exit.wasByItself else { return "it closed descriptor 3 and went on" }
                // Where the limit is known, nobody has to guess who sent the signal.
                return limit == nil ? "\(exit)" : "\(exit.reason)"
            }
            return PluginError(
                code: .guestDied, plugin: plugin,
                message: "its process ended in the middle of the job: \(reason ?? "reason unknown")"
                    + (limit.map { "; " + $0.message } ?? ""), logTail: printed, cause: limit?.cause,
                exitSignal: exit?.signal)
        }
    }
}
