import CasparianModel

/// The operations of protocol v4.
public enum WireOperation: UInt8, Sendable, CaseIterable {
    case identify = 1
    case dispatch, abort, heartbeat, conclude, error
}

/// One message of protocol v4 (docs/wire-protocol.md): what it says and the job it is about.
public struct WireMessage: Hashable, Sendable {
    public enum Body: Hashable, Sendable {
        case identify(IdentifyPayload)
        case dispatch(DispatchPayload)
        case abort
        case heartbeat(HeartbeatPayload)
        case conclude(JobReceipt)
        case error(ErrorPayload)
    }

    /// 0 where no job is meant.
    public var jobID: UInt64
    public var body: Body

    public init(jobID: UInt64 = 0, _ body: Body) {
        self.jobID = jobID
        self.body = body
    }

    public var operation: WireOperation {
        switch body {
        case .identify: .identify
        case .dispatch: .dispatch
        case .abort: .abort
        case .heartbeat: .heartbeat
        case .conclude: .conclude
        case .error: .error
        }
    }

    public static let version: UInt8 = 4
    public static let headerBytes = 16
    /// Largest payload accepted unless the receiver says otherwise, in bytes.
    public static let payloadBytesMax = 16 * 1024 * 1024

    /// Header and payload frame.
    public func encode() -> [[UInt8]] {
        let payload = encodePayload()
        var header: [UInt8] = [Self.version, operation.rawValue, 0, 0]
        header.reserveCapacity(Self.headerBytes)
        for shift in stride(from: 56, through: 0, by: -8) { header.append(UInt8(truncatingIfNeeded: jobID >> shift)) }
        for shift in stride(from: 24, through: 0, by: -8) {
            header.append(UInt8(truncatingIfNeeded: payload.count >> shift))
        }
        return [header, payload]
    }

    /// Decodes two frames; further ones are ignored.
    ///
    /// - Throws: `WireError` that says what is wrong.
    public static func decode(
        _ frames: [[UInt8]], payloadBytesMax: Int = WireMessage.payloadBytesMax
    ) throws(WireError) -> WireMessage {
        guard frames.count >= 2 else {
            throw WireError(code: .frames, message: "a message has two frames, this one \(frames.count)")
        }
        let header = frames[0]
        let payload = frames[1]
        guard header.count == headerBytes else {
            throw WireError(code: .header, message: "a header has 16 bytes, this one \(header.count)")
        }
        guard header[0] == version else {
            throw WireError(code: .version, message: "protocol version \(header[0]), not 4")
        }
        guard let operation = WireOperation(rawValue: header[1]) else {
            throw WireError(code: .opcode, message: "unknown operation \(header[1])")
        }
        guard payload.count <= payloadBytesMax else {
            throw WireError(code: .oversized, message: "a payload of \(payload.count) bytes is over \(payloadBytesMax)")
        }
        let jobID = header[4..<12].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let length = header[12..<16].reduce(0) { $0 << 8 | Int($1) }
        guard length == payload.count else {
            throw WireError(
                code: .length, message: "the header says \(length) bytes of payload, there are \(payload.count)")
        }
        return WireMessage(jobID: jobID, try decodeBody(operation, payload))
    }
}
