import CasparianModel
import CasparianSinks
import Columnar
import Testing

extension SinkBehaviour {
    /// Names that other programs stumble over.
    static let awkwardNames = [
        "select", "ORDER", "a b", "a\"b", "a'b", "a]b", "[a", "a`b", "a;drop table t", "a,b", "a.b", "a--b", "a\\b",
        "%s",
        "a\nb", "a\tb", "1", "", "ü", "🦉", "rowid", "_casparian", "null", "../a", "/a",
    ]

    /// Of tables of unusual shapes, sizes and names: what a sink cannot hold it refuses, and leaves nothing.
    static let shapes = [
        SinkBehaviour("one-row batches by the thousand arrive in order") { target throws in
            let attempt = Attempt()
            let sink = try attempt.open(target.makeFactory(), at: target)
            for number: Int64 in 0..<3_000 { try attempt.write(numbers(number..<number + 1), to: sink) }
            try sink.prepare()
            #expect(try sink.commit()?.rows == 3_000)
            #expect(try target.visible("t") == [table(0..<3_000, job: 7)])
        },
        SinkBehaviour("empty batches between others change nothing") { target throws in
            try Attempt().run(
                numbers(0..<0), numbers(0..<2), numbers(0..<0), numbers(2..<3), numbers(0..<0), at: target)
            #expect(try target.visible("t") == [table(0..<3, job: 7)])
        },
        SinkBehaviour("rows of nulls arrive as nulls, at the beginning, in between and alone") { target throws in
            let none: [Int64?] = [nil, nil]
            try Attempt().run(
                RecordBatch(columns: [("n", .int64(none)), ("text", .string([nil, nil]))]), numbers(0..<1),
                RecordBatch(columns: [("n", .int64(none)), ("text", .string([nil, nil]))]), at: target)
            let table = try #require(try target.visible("t").first)
            let null: [String?] = [nil, nil, "7", "1"]
            #expect(table.rows == [null, null, ["0", "row 0", "7", "1"], null, null])
        },
        SinkBehaviour("10,000 columns arrive, or are an error that names how many there are and may be") {
            target throws in
            let count = 10_000
            let names = (0..<count).map { "c\($0)" }
            let batch = try RecordBatch(columns: names.enumerated().map { ($1, .int64([Int64($0)])) })
            guard let most = target.columnsMax else {
                try Attempt().run(batch, at: target)
                let table = try #require(try target.visible("t").first)
                #expect(table.columns.dropLast(2) == names.map { "\($0):int64" }[...])
                #expect(table.rows == [(0..<count).map { "\($0)" } + ["7", "1"]])
                return
            }
            try expectRefusal(of: [batch], at: target, naming: ["\(count + 2) columns", "\(most)"])
        },
        SinkBehaviour("awkward column names arrive as they are, or are an error that names them") { target throws in
            var arrived: [String] = []
            for name in awkwardNames {
                let batch = try RecordBatch(columns: [(name, .int64([1])), ("n", .int64([2]))])
                let sink = try Attempt().open(target.makeFactory(), at: target)
                do {
                    try Attempt().write(batch, to: sink)
                    try sink.prepare()
                    sink.discard()
                    arrived.append(name)
                } catch let error as SinkError {
                    sink.discard()
                    #expect(name.isEmpty ? error.message.contains("name") : error.message.contains(name), "\(error)")
                }
                try expectNothing(at: target)
            }
            #expect(arrived.count >= awkwardNames.count - 2, "\(arrived)")
            let batch = try RecordBatch(columns: arrived.enumerated().map { ($1, .int64([Int64($0)])) })
            try Attempt().run(batch, at: target)
            let table = try #require(try target.visible("t").first)
            #expect(table.columns.dropLast(2) == arrived.map { "\($0):int64" }[...])
            #expect(table.rows == [arrived.indices.map { "\($0)" } + ["7", "1"]])
        },
        SinkBehaviour("columns that differ in case only arrive as two, or are an error that names both") {
            target throws in
            let batch = try RecordBatch(columns: [("Name", .int64([1])), ("name", .int64([2]))])
            guard target.foldsCase else {
                try Attempt().run(batch, at: target)
                #expect(try target.visible("t").first?.rows == [["1", "2", "7", "1"]])
                return
            }
            try expectRefusal(of: [batch], at: target, naming: ["Name", "name"])
        },
        SinkBehaviour("a table called by a word of SQL is one like any other") { target throws in
            try Attempt(table: "order").run(numbers(0..<3), at: target)
            #expect(try target.visible("order") == [table(0..<3, job: 7)])
        },
    ]

    /// Checks that batches are refused with a message that has the parts, and leave nothing.
    static func expectRefusal(
        of batches: [RecordBatch], at target: any SinkTarget, naming parts: [String],
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let sink = try Attempt().open(target.makeFactory(), at: target)
        let error = sinkError(
            {
                for batch in batches { try Attempt().write(batch, to: sink) }
                try sink.prepare()
            }, sourceLocation: sourceLocation)
        #expect(error?.isTransient == false, sourceLocation: sourceLocation)
        for part in parts {
            #expect(
                error?.message.contains(part) == true, "\(part) in \(error?.message ?? "")",
                sourceLocation: sourceLocation)
        }
        sink.discard()
        try expectNothing(at: target, sourceLocation: sourceLocation)
    }
}
