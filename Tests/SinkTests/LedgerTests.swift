import CasparianModel
import CasparianSinks
import Testing

@Suite struct LedgerTests {
    private func request(job: Int64, version: Int64 = 1, mode: SinkMode = .append) throws -> SinkRequest {
        SinkRequest(
            uri: try SinkURI("sqlite://a.db/t"), topic: "output", mode: mode, jobID: JobID(job),
            fileVersionID: FileVersionID(version), pluginName: "p", filePath: "/in/a.csv")
    }

    private func entry(job: Int64, version: Int64 = 1, replacedBy: Int64? = nil) throws -> LedgerEntry {
        LedgerEntry(
            target: "t", origin: RowOrigin(try request(job: job, version: version)), rows: 5,
            promotedAt: Timestamp(microsecondsSinceEpoch: 0), replacedBy: replacedBy.map { JobID($0) })
    }

    @Test func `A job that has an entry is not promoted again`() throws {
        let decision = try request(job: 7).decide(by: [entry(job: 3), entry(job: 7)])
        #expect(decision == .alreadyPromoted(rows: 5))
    }

    @Test func `A job whose rows a newer version replaced does not bring them back`() throws {
        let old = try request(job: 7, mode: .replace)
        #expect(
            try old.decide(by: [entry(job: 7, replacedBy: 9), entry(job: 9, version: 2)]) == .alreadyPromoted(rows: 5))
    }

    @Test func `Rows that were replaced before are replaced once`() throws {
        let newest = try request(job: 9, version: 3, mode: .replace)
        let entries = [try entry(job: 3, replacedBy: 7), try entry(job: 7, version: 2)]
        #expect(try newest.decide(by: entries) == .promote(replacing: [7]))
    }

    @Test func `An entry of another job under the same id is refused`() throws {
        let error = #expect(throws: SinkError.self) {
            _ = try request(job: 7, version: 2).decide(by: [entry(job: 7)])
        }
        #expect(error?.code == .rejected)
    }
}
