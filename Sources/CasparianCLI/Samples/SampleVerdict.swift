/// What came of one sample.
struct SampleVerdict: Sendable {
    enum Outcome: String, Sendable {
        case passed, failed
        /// Nobody has said what is expected.
        case new
        /// What is expected was written.
        case updated
    }

    var sample: SampleCase
    var outcome: Outcome
    var rows: Int64
    var seconds: Double
    var differences: [String]

    /// - Throws: `ExitStatus` 64 for an expectation that cannot be read, 69 for one that cannot be written.
    init(_ sample: SampleCase, _ result: LocalJobResult, updates: Bool) throws {
        let made = SampleOutput(result)
        self.sample = sample
        rows = result.rows
        seconds = Format.seconds(result.elapsed)
        differences = []
        // What is to be written anew need not be readable.
        let expected = updates ? try? sample.expectedOutput() : try sample.expectedOutput()
        if let expected, made == expected {
            outcome = .passed
        } else if updates {
            outcome = .updated
            do {
                try made.text.write(toFile: sample.expected, atomically: true, encoding: .utf8)
            } catch {
                throw ExitStatus.unreachable("\(sample.expected) cannot be written: \(error.localizedDescription)")
            }
            if let error = made.error { differences = ["it is expected to fail from now on: \(error)"] }
        } else if let expected {
            outcome = .failed
            differences = made.differences(from: expected)
        } else {
            outcome = .new
            differences = made.error.map { ["fails: \($0)"] } ?? []
        }
        if outcome != .passed, outcome != .updated, result.hasFailed,
            let place = Self.ownPlace(in: result.receipt.errorMessage ?? "", plugin: result.job.order.pluginName)
        {
            differences.append(place)
        }
    }

    /// Of a traceback, the deepest line of the plugin's own: what is below it is a library's.
    static func ownPlace(in traceback: String, plugin: String) -> String? {
        let frames = traceback.matches(of: /File "([^"]+)", line (\d+), in (\S+)/)
        let own = frames.last { $0.output.1.hasSuffix("/\(plugin).py") }
        return own.map { "at \($0.output.1), line \($0.output.2), in \($0.output.3)" }
    }

    /// For people.
    var lines: [String] {
        let word =
            switch outcome {
            case .passed: "passed "
            case .failed: "FAILED "
            case .new: "NEW    "
            case .updated: "updated"
            }
        let hint = outcome == .new ? "; nothing says what is expected: --update takes what it makes now" : ""
        return ["\(word) \(sample.name): \(Format.count(Int(rows), "row")) in \(Format.decimal(seconds)) s\(hint)"]
            + differences.map { "          \($0)" }
    }

    var json: String {
        JSONLine.encode([
            ("sample", .text(sample.name)), ("outcome", .text(outcome.rawValue)), ("rows", .integer(rows)),
            ("seconds", .number(seconds)), ("differences", .list(differences.map { .text($0) })),
        ])
    }
}
