import CasparianModel
import Synchronization

/// Shows how a run goes and prints each file's report, in the order of the files, as soon as it can.
final class RunConsole: Sendable {
    private struct State {
        var rowsByJob: [Int: Int64] = [:]
        var waiting: [Int: LocalJobResult] = [:]
        var printed = 0
        var done = 0
        var failed = 0
        var rows: Int64 = 0
        var inputBytes: Int64 = 0
        var shown: ContinuousClock.Instant?
        var firstPreviews: [TopicPreview]?
    }

    private let total: Int
    private let isJSON: Bool
    private let isPreviewOnly: Bool
    private let line = ProgressLine()
    private let state = Mutex(State())

    /// Shortest time between two looks of the progress line.
    static let refreshInterval = Duration.milliseconds(100)

    init(total: Int, isJSON: Bool, isPreviewOnly: Bool) {
        self.total = total
        self.isJSON = isJSON
        self.isPreviewOnly = isPreviewOnly
    }

    var failed: Int { state.withLock(\.failed) }

    /// What the first file that did not fail made; nil if none was previewed.
    var firstPreviews: [TopicPreview]? { state.withLock(\.firstPreviews) }

    func progress(_ index: Int, rows: Int64) {
        guard line.isShown else { return }
        state.withLock { state in
            state.rowsByJob[index] = rows
            let now = ContinuousClock.now
            if let shown = state.shown, now - shown < Self.refreshInterval { return }
            state.shown = now
            let rows = state.rows + state.rowsByJob.values.reduce(0, +)
            line.show("\(state.done) of \(Format.count(total, "file")), \(Format.count(Int(rows), "row"))")
        }
    }

    func finished(_ index: Int, _ result: LocalJobResult) {
        state.withLock { state in
            state.rowsByJob[index] = nil
            state.waiting[index] = result
            state.done += 1
            state.failed += result.hasFailed ? 1 : 0
            state.rows += result.rows
            state.inputBytes += result.hasFailed ? 0 : result.job.inputBytes
            line.clear()
            while let next = state.waiting.removeValue(forKey: state.printed) {
                state.printed += 1
                if state.firstPreviews == nil, !next.hasFailed { state.firstPreviews = next.previews }
                print(RunReport(result: next, isPreviewOnly: isPreviewOnly))
            }
        }
    }

    private func print(_ report: RunReport) {
        if isJSON { Terminal.line(JSONLine.encode(report.pairs)) } else { report.lines.forEach(Terminal.line) }
        if report.result.hasFailed { Terminal.complain("casparian: \(report.complaint)") }
    }

    /// The last line for several files.
    func summarize(elapsed: Duration) {
        guard !isJSON, total > 1 else { return }
        state.withLock { state in
            let failed = state.failed > 0 ? "; \(state.failed) failed" : ""
            Terminal.line(
                "\(Format.count(state.done, "file")), \(Format.count(Int(state.rows), "row")) in "
                    + "\(Format.duration(elapsed)), \(Format.rate(state.inputBytes, in: elapsed))\(failed)")
        }
    }
}
