import CasparianModel
import CasparianSinks
import Columnar
import Testing

/// What `SinkFactory.resume` promises; of sinks that list the steps at which their process may die.
extension SinkBehaviour {
    private static func resuming(
        _ sentence: String, _ check: @escaping @Sendable (any SinkTarget) throws -> Void
    ) -> SinkBehaviour {
        SinkBehaviour(sentence) { target in
            if !target.makeFactory().steps.isEmpty { try check(target) }
        }
    }

    static let resumption = [
        resuming("what was prepared is committed by the process after, once") { target throws in
            do { _ = try Attempt().prepared(numbers(0..<3), at: target) }
            let sink = try #require(try Attempt().resumed(rows: 3, at: target))
            #expect(try target.visible("t").isEmpty)
            let artifact = try sink.commit()
            #expect(artifact?.rows == 3 && artifact?.topic == "output")
            #expect(try sink.commit() == artifact)
            #expect(try target.visible("t") == [table(0..<3, job: 7)])
            #expect(try target.staged().isEmpty)
            #expect(try target.makeFactory().removeLeftovers().isEmpty)
        },
        resuming("wider columns are resumed as they were prepared") { target throws in
            do {
                let wider = try RecordBatch(columns: [
                    ("n", .int64([500])), ("text", .string(["x"])), ("z", .bool([true])),
                ])
                _ = try Attempt().prepared(numbers(0..<500), wider, at: target)
            }
            #expect(try Attempt().resumed(rows: 501, at: target)?.commit()?.rows == 501)
            let rows = try #require(try target.visible("t").first).rows
            #expect(rows.count == 501 && rows.last == ["500", "x", "true", "7", "1"])
            #expect(try target.staged().isEmpty)
        },
        resuming("another number of rows than was prepared is not resumed, and the next attempt begins anew") {
            target throws in
            do { _ = try Attempt().prepared(numbers(0..<3), at: target) }
            for rows: Int64 in [0, 2, 4] { #expect(try Attempt().resumed(rows: rows, at: target) == nil) }
            #expect(try target.visible("t").isEmpty)
            #expect(try Attempt().run(numbers(0..<4), at: target)?.rows == 4)
            #expect(try target.visible("t") == [table(0..<4, job: 7)])
            #expect(try target.staged().isEmpty)
        },
        resuming("a job that is promoted is resumed with the same artifact, as often as one asks") { target throws in
            let artifact = try Attempt().run(numbers(0..<3), at: target)
            for _ in 0..<2 { #expect(try Attempt().resumed(rows: 3, at: target)?.commit() == artifact) }
            #expect(try target.visible("t") == [table(0..<3, job: 7)])
        },
        resuming("where nothing is, nothing is resumed, and no trace is left") { target throws in
            #expect(try Attempt().resumed(rows: 3, at: target) == nil)
            try Attempt(job: 8).run(numbers(0..<3), at: target)
            #expect(try Attempt().resumed(rows: 3, at: target) == nil)
            #expect(try target.staged().isEmpty)
        },
        resuming("what was not prepared to its end is not resumed") { target throws in
            do {
                let attempt = Attempt()
                let sink = try attempt.open(target.makeFactory(), at: target)
                try attempt.write(numbers(0..<3), to: sink)
            }
            #expect(try Attempt().resumed(rows: 3, at: target) == nil)
            _ = try target.makeFactory().removeLeftovers()
            try expectNothing(at: target)
        },
        resuming("another job of the same id is not resumed") { target throws in
            do { _ = try Attempt().prepared(numbers(0..<3), at: target) }
            for stranger in [Attempt(version: 2), Attempt(topic: "other"), Attempt(file: "/in/b.csv")] {
                #expect(try stranger.resumed(rows: 3, at: target) == nil)
            }
            #expect(try Attempt().resumed(rows: 3, at: target)?.commit()?.rows == 3)
            #expect(try Attempt(version: 2).resumed(rows: 3, at: target) == nil)
        },
        resuming("what is resumed and dropped again is resumed again, and discarded leaves nothing") { target throws in
            do { _ = try Attempt().prepared(numbers(0..<3), at: target) }
            do { #expect(try Attempt().resumed(rows: 3, at: target) != nil) }
            let sink = try #require(try Attempt().resumed(rows: 3, at: target))
            #expect(try target.makeFactory().removeLeftovers().isEmpty)
            sink.discard()
            try expectNothing(at: target)
            #expect(try Attempt().resumed(rows: 3, at: target) == nil)
        },
        resuming("mode=replace takes the place of older rows when it is resumed") { target throws in
            try Attempt(job: 1, version: 1).run(numbers(0..<2), at: target)
            let newer = Attempt(job: 2, version: 2, mode: .replace)
            do { _ = try newer.prepared(numbers(0..<3), at: target) }
            #expect(try target.visible("t") == [table(0..<2, job: 1)])
            #expect(try newer.resumed(rows: 3, at: target)?.commit()?.rows == 3)
            #expect(try newer.resumed(rows: 3, at: target)?.commit()?.rows == 3)
            #expect(try target.visible("t") == [table(0..<3, job: 2, version: 2)])
            #expect(try target.staged().isEmpty)
        },
        resuming("the highest job id at a place is that of what was promoted there") { target throws in
            let uri = try SinkURI(target.uri("t"))
            #expect(try target.makeFactory().highestJobID(at: uri) == 0)
            for job: Int64 in [7, 12, 3] { try Attempt(job: job).run(numbers(0..<2), at: target) }
            try Attempt(job: 90, table: "t2").run(numbers(0..<2), at: target)
            #expect(try target.makeFactory().highestJobID(at: uri) == 12)
        },
    ]
}

extension Attempt {
    /// What an earlier process prepared, as a process after it finds it.
    func resumed(rows: Int64, at target: any SinkTarget) throws -> (any Sink)? {
        try target.makeFactory().resume(request(at: target), rows: rows)
    }
}
