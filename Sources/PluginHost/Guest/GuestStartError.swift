import Glibc

/// A guest process could not be started.
struct GuestStartError: Error, Hashable, CustomStringConvertible {
    let call: String
    let errno: Int32
    var description: String { "\(call): \(String(cString: strerror(errno)))" }
}
