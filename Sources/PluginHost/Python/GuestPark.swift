import Synchronization

/// Guests that were started to describe plugins and have nothing to do any more: a slot that needs one of the kind takes it,
/// which saves a start. Those that nobody takes end with this.
final class GuestPark: Sendable {
    private let guests = Mutex<[PluginLaunch: GuestProcess]>([:])

    func put(_ guest: GuestProcess, _ launch: PluginLaunch) {
        let former = guests.withLock { $0.updateValue(guest, forKey: launch) }
        former?.stop(politely: true)
    }

    /// Nil if there is none that lives.
    func take(_ launch: PluginLaunch) -> GuestProcess? {
        guard let guest = guests.withLock({ $0.removeValue(forKey: launch) }) else { return nil }
        if !guest.hasEnded { return guest }
        guest.stop(politely: false)
        return nil
    }
}
