import CasparianModel
import FileDiscovery
import Testing

@Suite struct SettlePolicyTests {
    private let now = Timestamp(secondsSinceEpoch: 1_700_000_000)

    private func file(_ path: String, modified: Double, changed: Double) -> FoundFile {
        func nanoseconds(_ secondsAgo: Double) -> Int64 { Int64((1_700_000_000 - secondsAgo) * 1e9) }
        return FoundFile(
            relativePath: path,
            stamp: FileStamp(
                device: 1, inode: 2, sizeBytes: 3, modifiedNanoseconds: nanoseconds(modified),
                changedNanoseconds: nanoseconds(changed)))
    }

    private func verdict(
        _ policy: SettlePolicy, _ file: FoundFile, isClosed: Bool = false, there: Set<String> = []
    ) -> SettlePolicy.Verdict {
        policy.verdict(file, now: now, isClosed: isClosed) { there.contains($0) }
    }

    @Test func `a file is complete when nobody has written to it, or dated it back, for the window`() {
        let policy = SettlePolicy(quietFor: .seconds(2))
        #expect(verdict(policy, file("a", modified: 2, changed: 2)) == .complete)
        #expect(
            verdict(policy, file("a", modified: 1.5, changed: 1.5))
                == .waits(until: now.advanced(by: .milliseconds(500)))
        )
        // `cp -p` and `rsync -t` date back what they wrote a moment ago.
        #expect(
            verdict(policy, file("a", modified: 9999, changed: 1)) == .waits(until: now.advanced(by: .seconds(1))))
        #expect(verdict(policy, file("a", modified: -999, changed: 3)) == .complete, "dated into the future")
        #expect(verdict(policy, file("a", modified: 0, changed: 0), isClosed: true) == .complete)
        #expect(verdict(SettlePolicy(quietFor: .zero), file("a", modified: 0, changed: 0)) == .complete)
    }

    @Test func `rules give files their own window or marker, the first that matches decides`() throws {
        let policy = try SettlePolicy(
            window: .seconds(2),
            rules: [
                SettlePolicy.Rule(files: "*.log", window: .seconds(30)),
                SettlePolicy.Rule(files: "orders/*.csv", window: .zero, marker: DoneMarker("{name}.done")),
                SettlePolicy.Rule(files: "*.csv", window: .zero),
            ], temporary: ["*.part", ".~*"])
        #expect(verdict(policy, file("x/a.log", modified: 10, changed: 10)) != .complete)
        #expect(verdict(policy, file("a.csv", modified: 0, changed: 0)) == .complete)
        let order = file("orders/a.csv", modified: 9999, changed: 9999)
        #expect(verdict(policy, order) == .waitsForMarker("orders/a.csv.done"))
        #expect(verdict(policy, order, isClosed: true) == .waitsForMarker("orders/a.csv.done"))
        #expect(verdict(policy, order, there: ["orders/a.csv.done"]) == .complete)
        #expect(verdict(policy, file("orders/a.csv.done", modified: 99, changed: 99)) == .noInput)
        #expect(policy.file(markedBy: "orders/a.csv.done") == "orders/a.csv")
        #expect(policy.file(markedBy: "orders/a.csv") == nil && policy.file(markedBy: ".done") == nil)
        for name in ["a.csv.part", "in/.~lock", "x.part"] {
            #expect(verdict(policy, file(name, modified: 99, changed: 99), isClosed: true) == .noInput)
        }
        #expect(policy.window(for: "a.log") == .seconds(30) && policy.window(for: "orders/a.csv") == .zero)
        #expect(policy.window(for: "other") == .seconds(2))
    }

    @Test func `a marker names a file in the same folder`() {
        for template in ["", "done", "{name}", "{name}{name}.x", "done/{name}"] {
            #expect(DoneMarker(template) == nil, "\(template)")
        }
        #expect(DoneMarker("_{name}") != nil && DoneMarker("{name}.ok") != nil)
    }
}
