import CasparianSinks
import Testing

@Suite struct SinkURITests {
    @Test func `Scheme, place and options are told apart`() throws {
        let uri = try SinkURI("Parquet://a/b c.parquet?mode=replace&compression=zstd&mode=error&empty=")
        #expect(uri.scheme == "parquet" && uri.place == "a/b c.parquet")
        #expect(uri.options == ["mode": "error", "compression": "zstd", "empty": ""])
        #expect(uri.description == "Parquet://a/b c.parquet?mode=replace&compression=zstd&mode=error&empty=")
        #expect(try SinkURI("sqlite:///abs/f.db/t?").place == "/abs/f.db/t")
        #expect(try SinkURI("mssql://dbo.t").options.isEmpty)
    }

    @Test(arguments: [
        "", "a.parquet", "://a", "parquet:/a", "parquet://", "parquet://?mode=error", "parquet://a\u{0}b",
    ])
    func `What is no sink URI is an error that shows it`(_ text: String) {
        let error = #expect(throws: SinkError.self) { try SinkURI(text) }
        #expect(error?.code == .invalidURI && error?.target == text)
    }

    @Test(arguments: ["parquet://a?mode", "parquet://a?=x", "parquet://a?mode=error&x"])
    func `An option without a key or a value is an error`(_ text: String) {
        #expect(throws: SinkError.self) { try SinkURI(text) }
    }

    @Test func `The option mode wins over the configured one, and one that means nothing is an error`() throws {
        #expect(try SinkURI("parquet://a?mode=replace").mode(configured: .error) == .replace)
        #expect(try SinkURI("parquet://a").mode(configured: .error) == .error)
        for text in ["parquet://a?mode=Replace", "parquet://a?mode="] {
            let error = #expect(throws: SinkError.self) { try SinkURI(text).mode(configured: .append) }
            #expect(error?.code == .invalidURI && error?.message.contains("append, replace or error") == true)
        }
    }

    @Test func `A scheme that nobody serves is an error that lists the ones there are`() throws {
        let registry = SinkRegistry([MemorySinkFactory(tables: MemoryTables())])
        let error = #expect(throws: SinkError.self) {
            try registry.open(
                SinkRequest(
                    uri: SinkURI("mongo://x"), topic: "output", jobID: 1, fileVersionID: 1, pluginName: "p",
                    filePath: "/a"))
        }
        #expect(error?.code == .unknownScheme && error?.message.contains("memory://") == true)
    }
}
