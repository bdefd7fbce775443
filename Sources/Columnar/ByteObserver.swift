import CArrow

/// Sees the bytes that a reader reads, as they lie in the file: before they are decompressed or decoded.
public protocol ByteObserver: AnyObject, Sendable {
    /// Takes what comes next in the file; valid during the call. On whichever thread reads, one call at a time.
    func see(_ bytes: UnsafeRawBufferPointer)
}

/// An observer on its way through the C face.
final class Observation: Sendable {
    private let observer: any ByteObserver

    init(_ observer: any ByteObserver) { self.observer = observer }

    /// Calls `body` with what a `ca_..._open` takes; null without an observer. Whoever opens keeps the observation.
    static func pass<Result>(
        _ observation: Observation?, _ body: (UnsafePointer<ca_observer>?) -> Result
    ) -> Result {
        guard let observation else { return body(nil) }
        let raw = ca_observer(
            see: { context, bytes, count in
                guard let context, let bytes else { return }
                Unmanaged<Observation>.fromOpaque(context).takeUnretainedValue().observer
                    .see(UnsafeRawBufferPointer(start: bytes, count: Int(count)))
            },
            context: Unmanaged.passUnretained(observation).toOpaque())
        return withUnsafePointer(to: raw, body)
    }
}
