import CZeroMQ
import CasparianTransport

/// A public key of CURVE (Curve25519; ZeroMQ RFC 26): 32 bytes, written as 40 characters of Z85 (ZeroMQ RFC 32).
public struct CurvePublicKey: Hashable, Sendable, CustomStringConvertible {
    /// 40 characters of Z85.
    public let text: String

    /// Nil for anything but a key's 40 characters.
    public init?(_ text: String) {
        guard Z85.isKey(text) else { return nil }
        self.text = text
    }

    /// Nil for anything but 32 bytes.
    init?(bytes: [UInt8]) {
        guard bytes.count == Z85.keyBytes else { return nil }
        var characters = [CChar](repeating: 0, count: Z85.keyCharacters + 1)
        guard zmq_z85_encode(&characters, bytes, bytes.count) != nil else { return nil }
        text = Z85.text(characters)
    }

    public var description: String { text }
}

/// A secret key of CURVE. It does not show itself: not in a description, not in a dump.
public struct CurveSecretKey: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
    private let text: String
    public let publicKey: CurvePublicKey

    /// Nil for anything but a key's 40 characters, and where libzmq has no CURVE.
    public init?(_ text: String) {
        var derived = [CChar](repeating: 0, count: Z85.keyCharacters + 1)
        guard Z85.isKey(text), zmq_curve_public(&derived, text) == 0, let key = CurvePublicKey(Z85.text(derived)) else {
            return nil
        }
        self.text = text
        publicKey = key
    }

    /// A new one.
    ///
    /// - Throws: `TransportError` where libzmq has no CURVE.
    public static func generate() throws(TransportError) -> CurveSecretKey {
        var publicText = [CChar](repeating: 0, count: Z85.keyCharacters + 1)
        var secretText = publicText
        while true {
            guard zmq_curve_keypair(&publicText, &secretText) == 0, let key = CurveSecretKey(Z85.text(secretText))
            else { throw Z85.unsupported }
            // One that begins with a dash is an option to every command that it is handed to.
            if !key.publicKey.text.hasPrefix("-") { return key }
        }
    }

    /// The 40 characters of Z85, to write them into a file of mode 600 and nowhere else.
    public var exposedText: String { text }

    public var description: String { "secret key of \(publicKey)" }
    public var customMirror: Mirror { Mirror(self, children: ["publicKey": publicKey]) }
}

/// Text of keys.
enum Z85 {
    static let keyBytes = 32
    static let keyCharacters = 40

    static let unsupported = TransportError(
        code: .system, address: "CURVE", message: "this libzmq was built without it; install one with libsodium")

    static func isKey(_ text: String) -> Bool {
        guard text.utf8.count == keyCharacters, text.utf8.allSatisfy({ (33...126).contains($0) }) else { return false }
        var bytes = [UInt8](repeating: 0, count: keyBytes)
        return zmq_z85_decode(&bytes, text) != nil
    }

    static func text(_ characters: [CChar]) -> String {
        String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
