/// How many log lines of one kind may be written, so that a peer that sends nonsense does not fill the disk.
public struct LogBudget: Sendable {
    /// Lines in each window.
    public static let linesPerWindow = 20
    public static let window = Duration.seconds(10)

    private var windowStart: ContinuousClock.Instant?
    private var written = 0
    private var suppressed = 0

    public init() {}

    /// Asks for a line.
    ///
    /// - Returns: Nil if it must not be written; else how many lines were kept back since the last one.
    public mutating func admit(at now: ContinuousClock.Instant = .now) -> Int? {
        if let start = windowStart, now - start < Self.window {
            guard written < Self.linesPerWindow else {
                suppressed += 1
                return nil
            }
        } else {
            windowStart = now
            written = 0
        }
        written += 1
        defer { suppressed = 0 }
        return suppressed
    }
}
