import CasparianTransport
import Logging
import Synchronization
import ZeroMQTransport

/// Sockets with the keys that the settings name, and none in the open without keys unless a person says so.
enum Connections {
    /// The sentinel's socket.
    ///
    /// - Parameters:
    ///   - isInsecureAllowed: `--insecure`.
    ///   - ownKey: Of a worker in this process, which is let in too.
    static func listen(
        _ settings: ProjectSettings, isInsecureAllowed: Bool, ownKey: CurvePublicKey? = nil, logger: Logger
    ) throws -> ZeroMQEndpoint {
        OpenFiles.allowMany()
        let list = AllowList(settings.keys.allowed, own: ownKey, logger: logger)
        let security = try settings.keys.server { list.contains($0) }
        try check(settings.bind, hasKeys: security != nil, isInsecureAllowed, logger) {
            "\(settings.bind): other machines could reach the sentinel there, and it has no keys: whoever did could "
                + "take jobs and conclude them. Make keys (casparian keys generate sentinel) and name their folder "
                + "with --keys; or listen on 127.0.0.1; or, in a network that you trust, say --insecure"
        }
        let log = RefusalLog(
            logger: logger, hasKeys: security != nil, message: "peer refused", reason: Self.reasonOfServer)
        return try ZeroMQServer.bind(address: settings.bind, security: security) { log.write($0) }
    }

    /// A worker's socket.
    ///
    /// - Parameter isInsecureAllowed: `--insecure`.
    static func connect(
        _ settings: ProjectSettings, identity: PeerIdentity, isInsecureAllowed: Bool, logger: Logger
    ) throws -> ZeroMQEndpoint {
        let address = settings.bind
        let security = try settings.keys.client()
        try check(address, hasKeys: security != nil, isInsecureAllowed, logger) {
            "\(address): is on another machine, and this worker has no keys: whoever is in between could read and "
                + "change what they say. Make keys (casparian keys generate worker) and name their folder with --keys; "
                + "or, in a network that you trust, say --insecure"
        }
        let log = RefusalLog(
            logger: logger, hasKeys: security != nil, message: "no connection to the sentinel",
            reason: Self.reasonOfWorker)
        return try ZeroMQClient.connect(address: address, identity: identity, security: security) { log.write($0) }
    }

    private static func check(
        _ address: String, hasKeys: Bool, _ isInsecureAllowed: Bool, _ logger: Logger, complaint: () -> String
    ) throws {
        guard !hasKeys, !Address.isLocal(address) else { return }
        guard isInsecureAllowed else { throw ExitStatus.misuse(complaint()) }
        logger.warning(
            "plain text to other machines: who is in between can read and change it",
            metadata: ["address": "\(address)"])
    }

    private static func reasonOfServer(_ peer: RefusedPeer) -> String {
        switch peer.reason {
        case .keyNotAllowed:
            "its key is not allowed; to let it in: casparian keys allow '\(peer.key?.text ?? "KEY")' --name NAME"
        case .keyRevoked: "its key is no longer allowed"
        case .otherMechanism: "one side has keys and the other has none"
        case .wrongServerKey: "it has another public key for this sentinel"
        case .brokenProtocol: "it does not speak ZeroMQ's protocol"
        case .brokenOff: "it went away during the handshake; does it have keys?"
        }
    }

    private static func reasonOfWorker(_ peer: RefusedPeer) -> String {
        switch peer.reason {
        case .keyNotAllowed, .keyRevoked:
            "the sentinel does not allow this worker's key; there: casparian keys allow KEY --name NAME"
        case .otherMechanism: "one side has keys and the other has none; give both keys, or none"
        case .wrongServerKey: "the sentinel has another key than this worker expects"
        case .brokenProtocol: "what listens there does not speak ZeroMQ's protocol"
        case .brokenOff: "the handshake was broken off; do both sides have keys, and this one the sentinel's?"
        }
    }
}

/// Lines about refused peers: a few of each kind, with how many there were in all.
private final class RefusalLog: Sendable {
    private let logger: Logger
    private let hasKeys: Bool
    private let message: Logger.Message
    private let reason: @Sendable (RefusedPeer) -> String
    private let budgets = Mutex<[RefusedPeer.Reason: LogBudget]>([:])

    init(
        logger: Logger, hasKeys: Bool, message: Logger.Message, reason: @escaping @Sendable (RefusedPeer) -> String
    ) {
        self.logger = logger
        self.hasKeys = hasKeys
        self.message = message
        self.reason = reason
    }

    func write(_ peer: RefusedPeer) {
        // Without keys a peer that goes away in its first moment is nothing to worry about.
        let level: Logger.Level = peer.reason == .brokenOff && !hasKeys ? .debug : .warning
        let leftOut = budgets.withLock { $0[peer.reason, default: LogBudget()].admit() }
        guard let leftOut else { return }
        var metadata: Logger.Metadata = ["reason": "\(reason(peer))", "refused": "\(peer.count)"]
        if let key = peer.key { metadata["key"] = "\(key)" }
        if let address = peer.address { metadata["peer"] = "\(address)" }
        if leftOut > 0 { metadata["left_out"] = "\(leftOut)" }
        logger.log(level: level, message, metadata: metadata)
    }
}
