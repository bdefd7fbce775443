import Foundation
import ZeroMQTransport

/// The workers that may connect: a folder with a public key in each file `<name>.public`.
struct AllowedKeys: Sendable {
    struct Entry: Sendable {
        var name: String
        var key: CurvePublicKey
    }

    /// Absolute.
    let folder: String

    /// Everybody who is allowed, by name; nobody where there is no folder.
    ///
    /// - Throws: `ExitStatus` for a file that holds no key, and for a folder that others may write to.
    func entries() throws -> [Entry] {
        var status = stat()
        guard stat(folder, &status) == 0 else {
            if errno == ENOENT { return [] }
            throw ExitStatus.unreachable("\(folder): cannot be read: \(String(cString: strerror(errno)))")
        }
        guard status.st_mode & 0o022 == 0 else {
            throw ExitStatus.misuse("\(folder): others may add keys to it; run: chmod go-w \(folder)")
        }
        return try names().map { Entry(name: $0, key: try KeyFile.publicKey(path($0))) }
    }

    /// Those whose files can be read, and the reasons for the others.
    func readable() -> (keys: Set<CurvePublicKey>, problems: [String]) {
        var keys: Set<CurvePublicKey> = []
        var problems: [String] = []
        do {
            for name in try names() {
                do {
                    keys.insert(try KeyFile.publicKey(path(name)))
                } catch let error as ExitStatus {
                    problems.append(error.message)
                }
            }
        } catch {
            // No folder allows nobody.
        }
        return (keys, problems)
    }

    func path(_ name: String) -> String { folder + "/" + name + KeyFile.publicSuffix }

    private func names() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder)
            .filter { $0.hasSuffix(KeyFile.publicSuffix) && !$0.hasPrefix(".") }
            .map { String($0.dropLast(KeyFile.publicSuffix.count)) }.sorted()
    }
}
