import Foundation
import ZeroMQTransport

/// Where keys for the socket are: `keys` in `casparian.yaml`, `CASPARIAN_KEYS_<KEY>` in the environment. The keys
/// themselves are read when they are needed.
struct KeySettings: Sendable, Equatable {
    static let names = ["folder", "secret_file", "secret_env", "sentinel_file", "allowed"]

    /// Absolute paths.
    private var folder: String?
    private var secretFile: String?
    private var secretVariable: String?
    private var sentinelFile: String?
    private var allowedFolder: String?
    /// Where keys are made when nothing says where.
    private let usualFolder: String

    /// - Parameters:
    ///   - flag: `--keys`: this folder, and nothing of the other sources.
    ///   - sources: Environment and file.
    /// - Throws: `SettingsError` for a variable of another type, and two places of the secret key.
    init(flag: String?, from sources: SettingsSources) throws {
        func path(_ key: String) throws -> String? {
            try sources.text("keys.\(key)").map { Paths.absolute($0.value, from: sources.folder) }
        }
        usualFolder = Paths.absolute("keys", from: sources.folder)
        if let flag {
            folder = Paths.absolute(flag)
            return
        }
        folder = try path("folder")
        secretFile = try path("secret_file")
        secretVariable = try sources.text("keys.secret_env")?.value
        sentinelFile = try path("sentinel_file")
        allowedFolder = try path("allowed")
        if secretFile != nil, secretVariable != nil {
            throw SettingsError(source: "keys", message: "name secret_file or secret_env, not both")
        }
    }

    /// Nothing says that there are keys: the socket speaks plain text.
    var isEmpty: Bool { [folder, secretFile, secretVariable, sentinelFile, allowedFolder].allSatisfy { $0 == nil } }

    /// Where `casparian keys` makes and looks for key files.
    var keyFolder: String { folder ?? usualFolder }

    /// Where secret keys lie, which no plugin needs to see.
    var secretPlaces: [String] { [folder, secretFile].compactMap { $0 } }

    var allowed: AllowedKeys { AllowedKeys(folder: allowedFolder ?? keyFolder + "/allowed") }

    /// The environment without the secret key, for processes that have no need of it.
    func withoutSecret(_ variables: [String: String]) -> [String: String] {
        variables.filter { $0.key != secretVariable }
    }

    /// The sentinel's keys; nil if there are to be none.
    ///
    /// - Parameter isAllowed: Asked about each worker's key.
    func server(
        isAllowed: @escaping @Sendable (CurvePublicKey) -> Bool
    ) throws -> CurveServerSecurity? {
        if isEmpty { return nil }
        _ = try allowed.entries()
        return CurveServerSecurity(secretKey: try secret(named: "sentinel"), isAllowed: isAllowed)
    }

    /// A worker's keys; nil if there are to be none.
    func client() throws -> CurveClientSecurity? {
        if isEmpty { return nil }
        guard let path = sentinelFile ?? folder.map({ $0 + "/sentinel" + KeyFile.publicSuffix }) else {
            throw missing("sentinel_file", "the file with the sentinel's public key")
        }
        return CurveClientSecurity(secretKey: try secret(named: "worker"), serverKey: try KeyFile.publicKey(path))
    }

    /// The keys of a worker in the sentinel's own process; nil if there are to be none.
    func client(beside ownKey: CurveSecretKey) throws -> CurveClientSecurity? {
        if isEmpty { return nil }
        return CurveClientSecurity(secretKey: ownKey, serverKey: try secret(named: "sentinel").publicKey)
    }

    private func secret(named name: String) throws -> CurveSecretKey {
        if let secretVariable {
            let text = ProcessInfo.processInfo.environment[secretVariable] ?? ""
            guard let key = CurveSecretKey(text.trimmingCharacters(in: .whitespacesAndNewlines)) else {
                throw SettingsError(source: "keys.secret_env", message: "\(secretVariable) holds no secret key")
            }
            return key
        }
        guard let path = secretFile ?? folder.map({ $0 + "/" + name + KeyFile.secretSuffix }) else {
            throw missing("secret_file", "the file with this process's secret key")
        }
        return try KeyFile.secret(path)
    }

    private func missing(_ key: String, _ what: String) -> SettingsError {
        SettingsError(
            source: "keys",
            message: "'\(key)' is missing: \(what); set it, or 'folder', in casparian.yaml or in CASPARIAN_KEYS_"
                + key.uppercased())
    }
}
