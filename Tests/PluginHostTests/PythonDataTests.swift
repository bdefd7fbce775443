import CasparianPluginRuntime
import CasparianTestKit
import Testing

extension GuestTests {
    @Suite struct PythonDataTests {
        static let makers = [
            "[{'n': 1, 'text': 'a'}, {'n': 2, 'text': None}]", "{'n': [1, 2], 'text': ['a', None]}",
            "pa.table({'n': [1, 2], 'text': ['a', None]})", "pa.record_batch({'n': [1, 2], 'text': ['a', None]})",
            "pa.table({'n': [1, 2], 'text': ['a', None]}).to_reader()",
            "pandas.DataFrame({'n': [1, 2], 'text': ['a', None]}).astype({'text': object})",
            "duckdb.sql(\"select * from (values (1::bigint, 'a'), (2, null)) t(n, text)\")",
        ]

        @Test func `Every kind of table arrives the same, returned, yielded and published`() throws {
            let source = consuming(
                """
                table = lambda: eval(self.config["make"])
                if self.config["how"] == "return": return table()
                if self.config["how"] == "publish": return self.publish("output", table())
                return iter([table()])
                """, before: "import pyarrow as pa, pandas, duckdb")
            let plugins = try Plugins(["p": source])
            let slot = plugins.runtime().makeSlot()
            defer { slot.shutDown() }
            for maker in Self.makers {
                for how in ["return", "yield", "publish"] {
                    let output = Collected()
                    let parameters = #"{"how": "\#(how)", "make": "\#(maker.replacing("\"", with: "\\\""))"}"#
                    try slot.run(plugins.invocation("p", parameters: parameters), output: output)
                    #expect(try output.table().rows == [["1", "a"], ["2", nil]], "\(how) \(maker)")
                    #expect(output.parts.first?.batch.schema.fields.map(\.name) == ["n", "text"])
                }
            }
        }

        @Test func `What is yielded and published arrives in its order, on its topic, exactly once`() throws {
            let source = consuming(
                """
                for i in range(100):
                    self.publish("odd" if i % 2 else "even", [{"i": i}])
                    yield {"i": [i]}
                """)
            let plugins = try Plugins(["p": source])
            let slot = plugins.runtime().makeSlot()
            defer { slot.shutDown() }
            let output = Collected()
            try slot.run(plugins.invocation("p"), output: output)
            #expect(try output.cells() == (0..<100).map(String.init))
            #expect(output.parts.map(\.topic).prefix(4) == ["even", "output", "odd", "output"])
            #expect(output.parts.count == 200)
        }

        @Test func `Nothing, no rows and an empty generator are no error`() throws {
            let bodies = ["return None", "return []", "return iter([])", "yield {'n': []}", "if False: yield 1"]
            let plugins = try Plugins(
                Dictionary(uniqueKeysWithValues: bodies.enumerated().map { ("p\($0)", consuming($1)) }))
            let slot = plugins.runtime().makeSlot()
            defer { slot.shutDown() }
            for number in bodies.indices {
                let output = Collected()
                try slot.run(plugins.invocation("p\(number)"), output: output)
                #expect(output.parts.reduce(0) { $0 + $1.batch.rowCount } == 0, "\(bodies[number])")
            }
        }

        @Test func `The plugin sees file, version, job and its parameters`() throws {
            let source = consuming(
                "return [dict(path=event.path, id=event.file_id, job=event.metadata['job_id'], x=self.config['x'])]")
            let plugins = try Plugins(["p": source])
            let slot = plugins.runtime().makeSlot()
            defer { slot.shutDown() }
            let output = Collected()
            try slot.run(plugins.invocation("p", parameters: #"{"x": "é"}"#, job: 9), output: output)
            #expect(try output.table().rows == [[plugins.file("input.txt"), "5", "9", "é"]])
        }
    }
}
