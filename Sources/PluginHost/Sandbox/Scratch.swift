import Foundation

/// The folder that a guest in a sandbox may write to. It goes with the guest.
final class Scratch: Sendable {
    private static let prefix = "casparian-guest-"

    /// Absolute.
    let path: String

    /// - Throws: `GuestStartError` when it cannot be made.
    init(_ mark: GuestMark, in folder: String) throws(GuestStartError) {
        path = "\(folder)/\(Self.prefix)\(mark.text)"
        guard mkdir(path, 0o700) == 0 else { throw GuestStartError(call: "making \(path)", errno: errno) }
    }

    func remove() { try? FileManager.default.removeItem(atPath: path) }

    /// Where temporary files go.
    static func folder(_ variables: [String: String]) -> String {
        let folder = variables["TMPDIR"] ?? "/tmp"
        return URL(fileURLWithPath: folder.isEmpty ? "/tmp" : folder).standardizedFileURL.path
    }

    /// Removes what guests of processes that died have left; the folders' names.
    static func sweep(_ folder: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { name in
            guard name.hasPrefix(prefix), GuestMark.isAbandoned(String(name.dropFirst(prefix.count))) else {
                return false
            }
            return (try? FileManager.default.removeItem(atPath: "\(folder)/\(name)")) != nil
        }
    }
}
