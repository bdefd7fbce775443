import Foundation
import ZeroMQTransport

/// Files that hold one key as text. What stands in a secret one never leaves this file but as a key.
enum KeyFile {
    static let secretSuffix = ".secret"
    static let publicSuffix = ".public"
    private static let bytesMax = 4096
    private static let nameCharactersMax = 100

    /// - Throws: `ExitStatus`: 69 when there is none, 64 for one that others may read and for what is no key.
    static func secret(_ path: String) throws -> CurveSecretKey {
        guard let key = CurveSecretKey(try text(path, isSecret: true)) else {
            throw ExitStatus.misuse("\(path): holds no secret key; `casparian keys generate NAME` makes one")
        }
        return key
    }

    /// - Throws: `ExitStatus`: 69 when there is none, 64 for what is no key.
    static func publicKey(_ path: String) throws -> CurvePublicKey {
        guard let key = CurvePublicKey(try text(path, isSecret: false)) else {
            throw ExitStatus.misuse("\(path): holds no public key, which is one line of 40 characters")
        }
        return key
    }

    /// Makes `<name>.secret` (mode 600) and `<name>.public` in a folder, which is made if it is missing.
    ///
    /// - Throws: `ExitStatus`: 64 if one of them is there, 69 if they cannot be written.
    static func generate(_ name: String, in folder: String) throws -> CurvePublicKey {
        try check(name: name)
        let paths = [secretSuffix, publicSuffix].map { folder + "/" + name + $0 }
        for path in paths where FileManager.default.fileExists(atPath: path) { throw inTheWay(path) }
        try makeFolder(folder)
        let key = try CurveSecretKey.generate()
        try write(key.exposedText, to: paths[0], mode: 0o600)
        do {
            try write(key.publicKey.text, to: paths[1], mode: 0o644)
        } catch {
            unlink(paths[0])
            throw error
        }
        return key.publicKey
    }

    /// Writes a new file of one line.
    static func write(_ text: String, to path: String, mode: mode_t) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else {
            throw errno == EEXIST ? inTheWay(path) : unreachable(path, "cannot be written")
        }
        defer { close(descriptor) }
        let bytes = Array((text + "\n").utf8)
        guard Foundation.write(descriptor, bytes, bytes.count) == bytes.count, fsync(descriptor) == 0 else {
            let error = unreachable(path, "cannot be written")
            unlink(path)
            throw error
        }
    }

    static func makeFolder(_ path: String) throws {
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw ExitStatus.unreachable("\(path): the folder cannot be made: \(error.localizedDescription)")
        }
    }

    /// - Throws: `ExitStatus` 64 for what makes no plain file name.
    static func check(name: String) throws {
        let isPlain = name.utf8.allSatisfy { byte in
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                || "._-".utf8.contains(byte)
        }
        guard isPlain, !name.isEmpty, !name.hasPrefix("."), !name.hasPrefix("-"), name.count <= nameCharactersMax else {
            throw ExitStatus.misuse(
                "'\(name)' cannot name a key; take letters, digits, '.', '_' and '-', \(nameCharactersMax) at most")
        }
    }

    private static func text(_ path: String, isSecret: Bool) throws -> String {
        // A pipe without a writer must not hold it up.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw unreachable(path, "cannot be read") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw ExitStatus.misuse("\(path): is no file")
        }
        guard !isSecret || status.st_mode & 0o077 == 0 else {
            let mode = String(status.st_mode & 0o777, radix: 8)
            throw ExitStatus.misuse(
                "\(path): others may read or change this secret key (mode \(mode)); run: chmod 600 \(path)")
        }
        var bytes = [UInt8](repeating: 0, count: bytesMax)
        let count = read(descriptor, &bytes, bytes.count)
        guard count >= 0 else { throw unreachable(path, "cannot be read") }
        return String(decoding: bytes.prefix(count), as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private static func inTheWay(_ path: String) -> ExitStatus {
        .misuse("\(path): is there already and stays as it is; take another name, or remove it first")
    }

    private static func unreachable(_ path: String, _ what: String) -> ExitStatus {
        let reason = String(cString: strerror(errno))
        return .unreachable("\(path): \(what): \(reason)")
    }
}
