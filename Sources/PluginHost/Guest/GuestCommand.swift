/// How to start a guest: a program that speaks the guest protocol (docs/guest-protocol.md) on descriptor 3.
struct GuestCommand: Hashable, Sendable {
    /// Absolute path of the program.
    var program: String
    /// Without the program's own name.
    var arguments: [String]
    var environment: [String: String]
    var limits = GuestLimits()
}
