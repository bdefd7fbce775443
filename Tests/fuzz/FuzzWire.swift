import CasparianWire

/// What libFuzzer calls with bytes of its choice, again and again (`make fuzz`): a header and a payload.
///
/// Whatever they are, the decoder must end, with a message or a `WireError`; and a message that it took must encode to
/// what decodes to the same message and encodes to the same bytes. A breach traps, and libFuzzer keeps the input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzWire(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    var header = Array(input.prefix(WireMessage.headerBytes))
    let payload = Array(input.dropFirst(WireMessage.headerBytes))
    check([header, payload])
    // Nearly every change of a payload breaks LEN; with the right one the payload is looked at.
    if header.count == WireMessage.headerBytes {
        for (index, shift) in stride(from: 24, through: 0, by: -8).enumerated() {
            header[12 + index] = UInt8(truncatingIfNeeded: payload.count >> shift)
        }
        check([header, payload])
    }
    return 0
}

private func check(_ frames: [[UInt8]]) {
    guard let message = try? WireMessage.decode(frames) else { return }
    let encoded = message.encode()
    guard let again = try? WireMessage.decode(encoded) else { fatalError("what was encoded does not decode") }
    precondition(again == message, "encoding changed the message")
    precondition(again.encode() == encoded, "encoding again gives other bytes")
}
