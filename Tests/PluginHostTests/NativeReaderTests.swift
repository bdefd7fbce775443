import CasparianPluginRuntime
import CasparianTestKit
import Columnar
import Foundation
import PluginHost
import Testing

extension GuestTests {
    @Suite struct NativeReaderTests {
        let plugins: Plugins
        let slot = NativeReaders().makeSlot()
        init() throws { plugins = try Plugins() }

        @discardableResult
        private func read(
            _ plugin: String, _ text: String, parameters: String? = nil, textColumns: Set<String> = [],
            into output: Collected = Collected()
        ) throws -> SinkTable {
            try Data(text.utf8).write(to: URL(fileURLWithPath: plugins.file("input.txt")))
            try slot.run(
                plugins.invocation(plugin, parameters: parameters, textColumns: textColumns), output: output)
            return try output.table()
        }

        private func failure(_ plugin: String, _ text: String, parameters: String? = nil) -> PluginError? {
            pluginError { try read(plugin, text, parameters: parameters) }
        }

        @Test func `The four readers are offered, sorted, without a pattern of their own`() async throws {
            let found = try await NativeReaders().discover()
            #expect(found.map(\.name) == ["csv", "jsonl", "lines", "parquet"])
            #expect(found.allSatisfy { $0.manifest.pattern == nil && $0.loadError == nil })
        }

        @Test func `csv finds types and delimiter`() throws {
            let table = try read("csv", "a;b;c\n1;x;0,5\n2;;7\n")
            #expect(
                table
                    == SinkTable(
                        columns: ["a:int64", "b:string", "c:string"], rows: [["1", "x", "0,5"], ["2", nil, "7"]]))
        }

        @Test func `csv takes every parameter`() throws {
            let parameters = """
                {"delimiter": "|", "quote": "'", "has_header": false, "encoding": "latin1", "types": {"column_2": "string"},
                 "null_values": ["NA"]}
                """
            try Data([UInt8](Array("1|'a|b'|NA\n2|x".utf8) + [0xe9] + Array("|3\n".utf8)))
                .write(to: URL(fileURLWithPath: plugins.file("input.txt")))
            let output = Collected()
            try slot.run(plugins.invocation("csv", parameters: parameters), output: output)
            #expect(try output.table().rows == [["1", "a|b", nil], ["2", "xé", "3"]])
        }

        @Test func `Columns that are wanted as they are written stay text, unless parameters say otherwise`() throws {
            let text = "a,b,c\n1.50,2.50,True\n"
            #expect(
                try read("csv", text, parameters: #"{"types": {"b": "double"}}"#, textColumns: ["a", "b", "c", "none"])
                    == SinkTable(columns: ["a:string", "b:double", "c:string"], rows: [["1.50", "2.5", "True"]]))
            #expect(
                try read("jsonl", #"{"a": 1.50, "b": {"c": 1e2}, "d": 1.50}"#, textColumns: ["a", "b", "none"])
                    == SinkTable(
                        columns: ["a:string", "b:string", "d:double"], rows: [["1.50", #"{"c": 1e2}"#, "1.5"]]))
        }

        @Test func `A column that is wanted as it is written stays so when the file is read anew`() throws {
            let empty = String(repeating: ",1," + String(repeating: "x", count: 1000) + "\n", count: 2500)
            let table = try read("csv", "a,n,x\n" + empty + "1.50,x,\n", textColumns: ["a"])
            #expect(table.columns == ["a:string", "n:string", "x:string"] && table.rows.last == ["1.50", "x", nil])
        }

        @Test func `jsonl, lines and parquet read theirs`() throws {
            #expect(
                try read("jsonl", "{\"a\": 1}\n{\"a\": 2, \"b\": \"x\"}\n")
                    == SinkTable(columns: ["a:int64", "b:string"], rows: [["1", nil], ["2", "x"]]))
            #expect(
                try read("lines", "one\n\ntwo")
                    == SinkTable(
                        columns: ["line_number:int64", "line:string"], rows: [["1", "one"], ["2", ""], ["3", "two"]]))
            let batch = try RecordBatch(columns: [("n", .int64([1, nil]))])
            let writer = try ParquetWriter(path: plugins.file("input.txt"), schema: batch.schema)
            try writer.write(batch)
            _ = try writer.finish()
            let output = Collected()
            try slot.run(plugins.invocation("parquet"), output: output)
            #expect(try output.table() == SinkTable(columns: ["n:int64"], rows: [["1"], [nil]]))
        }

        @Test func `A type that a later row shows to be too narrow makes csv begin anew, once`() throws {
            let rows = (0..<400_000).map { "\($0),\($0)" } + ["x,0.5"]
            let output = Collected()
            let table = try read("csv", "a,b\n" + rows.joined(separator: "\n") + "\n", into: output)
            #expect(output.restarts == 1)
            #expect(table.columns == ["a:string", "b:double"] && table.rows.count == rows.count)
            #expect(table.rows.last == ["x", "0.5"] && table.rows[12] == ["12", "12"])
        }

        @Test func `A type that a person gave is kept, and a cell that does not fit is an error with its line`() throws
        {
            let text = "a,b\n1,1\nx,2\n"
            let error = failure("csv", text, parameters: #"{"types": {"a": "int64"}}"#)
            #expect(error?.code == .unreadable)
            for word in [plugins.file("input.txt"), "line 3", "'a'"] {
                #expect(error?.message.contains(word) == true, "\(error?.message ?? "")")
            }
            let late = "a,b\n" + (0..<400_000).map { "\($0),1" }.joined(separator: "\n") + "\nx,0.5\n"
            let output = Collected()
            let other = pluginError { try read("csv", late, parameters: #"{"types": {"a": "int64"}}"#, into: output) }
            #expect(other?.message.contains("line 400002") == true, "\(other?.message ?? "")")
        }

        @Test func `Bad rows of CSV are rejected with their lines, and errors where a person wants that`() throws {
            let text = "a,b\n1,2\n3\n\"x\"y,4\n5,6\n"
            let output = Collected()
            try read("csv", text, into: output)
            #expect(try output.table().rows == [["1", "2"], ["5", "6"]])
            #expect(output.rejectedLines == ["3", "4"])
            let filled = Collected()
            try read("csv", text, parameters: #"{"ragged": "fill"}"#, into: filled)
            #expect(try filled.table().rows.count == 3 && filled.rejectedLines == ["4"])
            let error = failure("csv", text, parameters: #"{"ragged": "error"}"#)
            #expect(error?.code == .unreadable && error?.message.contains("line 3") == true)
            for wrong in [#"{"ragged": "no"}"#, #"{"decimal": "x"}"#, #"{"comment": "//"}"#, #"{"comment": ""}"#] {
                #expect(failure("csv", text, parameters: wrong)?.code == .failed, "\(wrong)")
            }
        }

        @Test func `Bad rows are errors with file and line`() {
            let cases = [
                ("jsonl", "{\"a\": 1}\n{\"a\" 2}\n", "line 2"),
                ("jsonl", "{\"a\": 1}\n7\n", "line 2"), ("parquet", "text", ""),
            ]
            for (plugin, text, place) in cases {
                let error = failure(plugin, text)
                #expect(error?.code == .unreadable && error?.plugin == plugin)
                #expect(error?.message.contains(plugins.file("input.txt")) == true)
                #expect(error?.message.contains(place) == true || place.isEmpty, "\(plugin): \(error?.message ?? "")")
            }
        }

        @Test(arguments: [
            ("csv", "[1]", "not a JSON object"), ("csv", "{", "not a JSON object"),
            ("csv", #"{"delimeter": ";"}"#, "'delimeter'"),
            ("csv", #"{"delimiter": ";;"}"#, "one ASCII character"),
            ("csv", #"{"delimiter": ""}"#, "one ASCII character"),
            ("csv", #"{"quote": "é"}"#, "one ASCII character"), ("csv", #"{"encoding": "utf-16"}"#, "'utf-16'"),
            ("csv", #"{"has_header": "yes"}"#, "'has_header'"), ("csv", #"{"types": {"a": 1}}"#, "'types.a'"),
            ("csv", #"{"types": {"a": "money"}}"#, "'money'"), ("lines", #"{"delimiter": ";"}"#, "'delimiter'"),
            ("jsonl", #"{"has_header": true}"#, "'has_header'"), ("parquet", #"{"types": {}}"#, "'types'"),
            ("lines", #"{"types": {"line": "binary"}}"#, "'types'"),
            ("jsonl", #"{"encoding": "latin1"}"#, "'encoding'"),
        ])
        func `A parameter that means nothing is an error that names it`(
            _ plugin: String, _ parameters: String, _ words: String
        ) {
            let error = failure(plugin, "a\n1\n", parameters: parameters)
            #expect(error?.message.contains(words) == true, "\(error?.message ?? "no error")")
        }

        @Test func `Empty parameters are none`() throws {
            for parameters in ["", "{}", #"{"delimiter": null, "types": null}"#] {
                #expect(try read("csv", "a\n1\n", parameters: parameters).rows == [["1"]])
            }
        }

        @Test func `A file that is not there is an error that names it, and so is a reader that is not there`() {
            let error = pluginError { try slot.run(plugins.invocation("csv"), output: Collected()) }
            #expect(error?.code == .unreadable && error?.message.contains(plugins.file("input.txt")) == true)
            #expect(
                pluginError { try slot.run(plugins.invocation("xml"), output: Collected()) }?.code == .unknownPlugin)
        }

        @Test(arguments: ["csv", "jsonl", "lines", "parquet"])
        func `A reader that is cancelled in the middle stops, and reads the next file`(_ plugin: String) throws {
            if plugin == "parquet" {
                let batch = try RecordBatch(columns: [("n", .int64((0..<300_000).map { $0 }))])
                let writer = try ParquetWriter(path: plugins.file("input.txt"), schema: batch.schema)
                try writer.write(batch)
                _ = try writer.finish()
            } else {
                let row =
                    plugin == "jsonl"
                    ? "{\"a\": \"some text that makes the file longer\"}\n" : "1,some text,more text\n"
                let text = String(repeating: row, count: 600_000)
                try Data(text.utf8).write(to: URL(fileURLWithPath: plugins.file("input.txt")))
            }
            let output = Collected { if $0 == 1 { slot.cancel() } }
            let error = pluginError { try slot.run(plugins.invocation(plugin), output: output) }
            #expect(error?.code == .cancelled && output.parts.count == 2)
            #expect(try read("lines", "x\n").rows == [["1", "x"]])
        }

        @Test func `What an output throws reaches the caller`() throws {
            struct Full: Error {}
            #expect(throws: Full.self) { try read("csv", "a\n1\n", into: Collected { _ in throw Full() }) }
        }
    }
}
