import Foundation
import Synchronization

/// A point on the way of a job's output at which its process may die. Crash tests kill it at every one.
///
/// Each sink lists its own steps as an enumeration of texts such as `parquet.renamed`, calls `reached()` where the step
/// is done, and names them in `SinkFactory.steps`.
public protocol SinkStep: RawRepresentable, CaseIterable, Sendable where RawValue == String {}

extension SinkStep {
    public static var names: [String] { allCases.map(\.rawValue) }

    /// In a debug build: notes the step, and ends the process if `StepTrace` says so. Does nothing otherwise.
    @inlinable
    public func reached() {
        #if DEBUG
            StepTrace.pass(rawValue)
        #endif
    }
}

/// What crash tests set in the environment of a debug build:
///
/// - `CASPARIAN_KILL_AT`: a step's name; the process ends there as `kill -9` would end it. `name:3` for the third time.
/// - `CASPARIAN_STEPS_FILE`: a file to which the name of each step is added.
public enum StepTrace {
    private static let wanted: (name: String, time: Int)? = {
        guard let text = ProcessInfo.processInfo.environment["CASPARIAN_KILL_AT"] else { return nil }
        let parts = text.split(separator: ":", maxSplits: 1)
        return (String(parts[0]), parts.count == 2 ? Int(parts[1]) ?? 1 : 1)
    }()
    private static let file: Int32? = ProcessInfo.processInfo.environment["CASPARIAN_STEPS_FILE"].map {
        open($0, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o644)
    }
    private static let passed = Mutex(0)

    public static func pass(_ name: String) {
        if let file {
            let line = Array((name + "\n").utf8)
            _ = write(file, line, line.count)
        }
        guard let wanted, wanted.name == name else { return }
        let time = passed.withLock { count in
            count += 1
            return count
        }
        if time == wanted.time { kill(getpid(), SIGKILL) }
    }
}
