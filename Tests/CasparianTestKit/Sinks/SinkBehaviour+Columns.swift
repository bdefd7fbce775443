import CasparianModel
import CasparianSinks
import Columnar
import Testing

extension SinkBehaviour {
    static let columns = [
        SinkBehaviour("a new column widens what is there, a missing one is null, order does not matter") {
            target throws in
            let artifact = try Attempt().run(
                RecordBatch(columns: [("a", .int64([1])), ("b", .string(["x"]))]),
                RecordBatch(columns: [("c", .bool([true])), ("a", .int64([2]))]),
                RecordBatch(columns: [("b", .string(["z"])), ("a", .int64([3]))]), at: target)
            #expect(artifact?.rows == 3)
            #expect(
                try target.visible("t") == [
                    SinkTable(
                        columns: ["a:int64", "b:string", "c:bool", "_job_id:int64", "_file_version_id:int64"],
                        rows: [
                            ["1", "x", nil, "7", "1"], ["2", nil, "true", "7", "1"], ["3", "z", nil, "7", "1"],
                        ])
                ])
            #expect(try target.staged().isEmpty)
        },
        SinkBehaviour("a column is widened to a type that holds all its values") { target throws in
            try Attempt().run(
                RecordBatch(columns: [("a", .int64([1, nil]))]), RecordBatch(columns: [("a", .double([0.5]))]),
                RecordBatch(columns: [("a", .int64([3]))]), at: target)
            let table = try #require(try target.visible("t").first)
            #expect(table.columns.first == "a:double")
            #expect(table.rows.map { $0[0] } == ["1", nil, "0.5", "3"])
        },
        SinkBehaviour("an incompatible type is an error that names column, both types and the file") { target throws in
            let attempt = Attempt(file: "/in/sales.csv")
            let sink = try attempt.open(target.makeFactory(), at: target)
            try attempt.write(RecordBatch(columns: [("price", .int64([1]))]), to: sink)
            let error = sinkError {
                try attempt.write(RecordBatch(columns: [("price", .string(["cheap"]))]), to: sink)
            }
            #expect(error?.code == .incompatibleColumn && error?.isTransient == false)
            for part in ["'price'", "int64", "string", "/in/sales.csv", "'output'"] {
                #expect(error?.message.contains(part) == true, "\(part) in \(error?.message ?? "")")
            }
            sink.discard()
            try expectNothing(at: target)
        },
        SinkBehaviour("a value that would change on its way is an error and leaves nothing") { target throws in
            let attempt = Attempt()
            let sink = try attempt.open(target.makeFactory(), at: target)
            // No double is this integer.
            try attempt.write(RecordBatch(columns: [("a", .int64([9_007_199_254_740_993]))]), to: sink)
            let error = sinkError { try attempt.write(RecordBatch(columns: [("a", .double([0.5]))]), to: sink) }
            #expect(error?.message.contains("'a'") == true)
            sink.discard()
            try expectNothing(at: target)
        },
        SinkBehaviour("a column that stands twice is an error that names it") { target throws in
            let attempt = Attempt()
            let sink = try attempt.open(target.makeFactory(), at: target)
            let error = sinkError {
                try attempt.write(RecordBatch(columns: [("a", .int64([1])), ("a", .int64([2]))]), to: sink)
                try sink.prepare()
            }
            #expect(error?.message.contains("'a'") == true)
            sink.discard()
            try expectNothing(at: target)
        },
        SinkBehaviour("texts with quotes, line ends and emoji arrive as they are") { target throws in
            let texts = ["", "\"q\"", "line\nend\r", "tab\tand \\N", "🦉", nil, " "]
            try Attempt().run(RecordBatch(columns: [("text", .string(texts))]), at: target)
            #expect(try target.visible("t").first?.rows.map { $0[0] } == texts)
        },
        SinkBehaviour("a text with NUL arrives as it is, or is an error that names column and row") { target throws in
            let texts = ["", "a\u{0}b"]
            let batch = try RecordBatch(columns: [("text", .string(texts))])
            guard !target.holdsNUL else {
                try Attempt().run(batch, at: target)
                #expect(try target.visible("t").first?.rows.map { $0[0] } == texts)
                return
            }
            let sink = try Attempt().open(target.makeFactory(), at: target)
            let error = sinkError {
                try Attempt().write(batch, to: sink)
                try sink.prepare()
            }
            #expect(error?.message.contains("'text'") == true && error?.message.contains("row 2") == true)
            sink.discard()
            try expectNothing(at: target)
        },
    ]
}
