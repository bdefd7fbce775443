import CasparianModel
import Foundation
import Synchronization

/// The guests of one slot that wait for a job: one of each kind, a few kinds at most.
final class WarmGuests: Sendable {
    /// Guests of one kind can do each other's jobs.
    struct Kind: Hashable {
        var launch: PluginLaunch
        var allowsNetwork = false
    }

    private struct State {
        /// The one that was used last stands last.
        var guests: [(kind: Kind, guest: GuestProcess)] = []
        var isShutDown = false
        /// Kinds that are to be started ahead of demand, or are being started.
        var warming: Set<Kind> = []
        /// Of those, the ones that a job waits for.
        var wanted: Set<Kind> = []
    }

    private static let kindsMax = 4

    private let command: GuestCommand
    private let shelf: PluginShelf
    private let park: GuestPark
    /// Nil where guests see what is mounted as the worker does.
    private let mounts: MountWatch?
    private let state = Mutex(State())
    private let warmed = DispatchSemaphore(value: 0)

    init(command: GuestCommand, shelf: PluginShelf, park: GuestPark) {
        self.command = command
        self.park = park
        mounts = command.sandbox.map { _ in MountWatch() }
        self.shelf = shelf
    }

    var isShutDown: Bool { state.withLock { $0.isShutDown } }

    /// A guest for a job: a warm one, or a new one.
    ///
    /// - Throws: `GuestEnd.cancelled`, `GuestStartError`, `GuestStartFailure`.
    func take(_ kind: Kind, cancel: CancelSignal) throws -> GuestProcess {
        try waitForWarming(kind, cancel)
        if mounts?.hasChanged() == true { dropAll() }
        let warm = state.withLock { state -> GuestProcess? in
            guard let index = state.guests.firstIndex(where: { $0.kind == kind }) else { return nil }
            return state.guests.remove(at: index).guest
        }
        if let warm, !warm.hasEnded { return warm }
        warm?.stop(politely: false)
        return try start(kind, cancel)
    }

    /// Gives a guest back after its job.
    func keep(_ guest: GuestProcess, _ kind: Kind) {
        let dropped = state.withLock { state -> GuestProcess? in
            guard !state.isShutDown else { return guest }
            state.guests.append((kind, guest))
            return state.guests.count > Self.kindsMax ? state.guests.removeFirst().guest : nil
        }
        dropped?.stop(politely: true)
    }

    func shutDown() {
        // From here on a guest that is given back ends at once.
        state.withLock { $0.isShutDown = true }
        dropAll()
    }

    private func dropAll() {
        let guests = state.withLock { state in
            defer { state.guests = [] }
            return state.guests
        }
        for (_, guest) in guests { guest.stop(politely: true) }
    }

    private func start(_ kind: Kind, _ cancel: CancelSignal) throws -> GuestProcess {
        if !kind.allowsNetwork, let parked = park.take(kind.launch) { return parked }
        var command = try command.running(kind.launch)
        command.allowsNetwork = kind.allowsNetwork
        return try GuestProcess.start(command, cancel: cancel)
    }

    // MARK: Ahead of demand

    /// Starts guests for the plugins on the shelf and has them load those, beside everything else.
    func warmAll() {
        let kinds = Set(shelf.newest.values.map { Kind(launch: $0.launch) })
        warm(Array(kinds.sorted { $0.launch.program < $1.launch.program }.prefix(Self.kindsMax)))
    }

    /// Starts guests of kinds of which there is none.
    func warm(_ kinds: [Kind]) {
        let missing = state.withLock { state in
            guard !state.isShutDown else { return [Kind]() }
            let missing = kinds.filter { kind in
                !state.warming.contains(kind) && !state.guests.contains { $0.kind == kind }
            }
            state.warming.formUnion(missing)
            return missing
        }
        guard !missing.isEmpty else { return }
        let thread = Thread { [self] in
            for kind in missing { warmNow(kind) }
        }
        thread.name = "guest-warming"
        thread.start()
    }

    private func warmNow(_ kind: Kind) {
        // Why it cannot be started, the job that needs it tells.
        if !isShutDown, let cancel = try? CancelSignal(), let guest = try? start(kind, cancel) {
            load(guest, kind, cancel)
            if guest.hasEnded { guest.stop(politely: false) } else { keep(guest, kind) }
        }
        state.withLock { state in
            state.warming.remove(kind)
            state.wanted.remove(kind)
        }
        warmed.signal()
    }

    /// Loads plugins until a job comes, one fails to load, or the process has grown to half of what it may hold.
    private func load(_ guest: GuestProcess, _ kind: Kind, _ cancel: CancelSignal) {
        guard guest.loadsAhead.load(ordering: .relaxed) else { return }
        for (_, item) in shelf.newest.sorted(by: { $0.key < $1.key }) where item.launch == kind.launch {
            let isNeeded = state.withLock { !$0.wanted.contains(kind) && !$0.isShutDown }
            guard isNeeded, guest.residentBytes < command.limits.residentBytesMax / 2 else { return }
            let order = GuestOrder.Load(
                module: item.path, contentHash: item.edition.contentHash, source: item.source ?? Data())
            let deadline = ContinuousClock.now + command.limits.describe
            guard guest.needs(source: item.edition.contentHash),
                (try? guest.channel.send(GuestFrameType.load, order, cancel: cancel)) != nil,
                case .plugin? = try? guest.channel.receive(cancel: cancel, deadline: deadline)
            else {
                // It may be anywhere now.
                guest.stop(politely: false)
                return
            }
        }
    }

    private func waitForWarming(_ kind: Kind, _ cancel: CancelSignal) throws {
        while true {
            let isBeingMade = state.withLock { state in
                guard state.warming.contains(kind) else { return false }
                state.wanted.insert(kind)
                return true
            }
            guard isBeingMade else { return }
            if cancel.isRaised { throw GuestEnd.cancelled }
            // Signalled when one is ready; a signal that another one's end left behind does no harm.
            _ = warmed.wait(timeout: .now() + .milliseconds(20))
        }
    }
}
