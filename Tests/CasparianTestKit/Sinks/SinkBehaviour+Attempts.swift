import CasparianModel
import CasparianSinks
import Columnar
import Testing

extension SinkBehaviour {
    static let attempts = [
        SinkBehaviour("a second attempt after the commit changes nothing and reports the same artifact") {
            target throws in
            let first = try Attempt().run(numbers(0..<3), at: target)
            #expect(try Attempt().run(numbers(0..<3), at: target) == first)
            #expect(try target.visible("t") == [table(0..<3, job: 7)])
            #expect(try target.staged().isEmpty)
        },
        SinkBehaviour("an attempt that makes other rows than the promoted one reports what is there") { target throws in
            let first = try #require(try Attempt().run(numbers(0..<3), at: target))
            #expect(try Attempt().run(numbers(5..<200), at: target) == first)
            #expect(try Attempt().run(at: target) == first)
            #expect(try target.visible("t") == [table(0..<3, job: 7)])
            #expect(try target.staged().isEmpty)
        },
        SinkBehaviour("a second commit of the same sink reports the same artifact") { target throws in
            let sink = try Attempt().prepared(numbers(0..<3), at: target)
            let first = try sink.commit()
            #expect(first != nil)
            #expect(try sink.commit() == first)
            #expect(try target.visible("t") == [table(0..<3, job: 7)])
        },
        SinkBehaviour("discard after the commit takes nothing back") { target throws in
            let sink = try Attempt().prepared(numbers(0..<3), at: target)
            _ = try sink.commit()
            sink.discard()
            #expect(try target.visible("t") == [table(0..<3, job: 7)])
        },
        SinkBehaviour("discard after the commit does not touch the next attempt's staging") { target throws in
            let first = try Attempt().prepared(numbers(0..<3), at: target)
            _ = try first.commit()
            let second = try Attempt().prepared(numbers(0..<3), at: target)
            let staged = try target.staged()
            first.discard()
            #expect(try target.staged() == staged)
            #expect(try second.commit()?.rows == 3)
        },
        SinkBehaviour("an attempt that was discarded leaves room for the next") { target throws in
            let failed = try Attempt().prepared(numbers(0..<3), at: target)
            failed.discard()
            #expect(try Attempt().run(numbers(0..<2), at: target)?.rows == 2)
            #expect(try target.visible("t") == [table(0..<2, job: 7)])
        },
        SinkBehaviour("rows of another job with the same id are not taken for this job's") { target throws in
            let hashes = [UInt8(1), 2].map { ContentHash(digest: Array(repeating: $0, count: 32)) }
            try Attempt(hash: hashes[0]).run(numbers(0..<3), at: target)
            let strangers = [
                Attempt(file: "/in/b.csv"), Attempt(version: 2), Attempt(topic: "other"), Attempt(plugin: "q"),
                Attempt(hash: hashes[1]), Attempt(mode: .replace, file: "/in/b.csv"),
            ]
            for stranger in strangers {
                let sink = try stranger.open(target.makeFactory(), at: target)
                try stranger.write(numbers(0..<2), to: sink)
                let error = sinkError { try sink.prepare() }
                #expect(error?.code == .rejected && error?.isTransient == false)
                #expect(error?.message.contains("job 7") == true && error?.message.contains("/in/a.csv") == true)
                sink.discard()
            }
            #expect(try Attempt(hash: hashes[0]).run(numbers(0..<3), at: target)?.rows == 3)
            #expect(try target.visible("t") == [table(0..<3, job: 7)])
            #expect(try target.staged().isEmpty)
        },
        SinkBehaviour("two runs without a state database are never taken for one job") { target throws in
            let run = Attempt(job: 1, version: 0)
            #expect(try run.run(numbers(0..<3), at: target)?.rows == 3)
            let sink = try run.open(target.makeFactory(), at: target)
            try run.write(numbers(0..<5), to: sink)
            #expect(sinkError { try sink.prepare() }?.code == .rejected)
            sink.discard()
            #expect(try target.visible("t") == [table(0..<3, job: 1, version: 0)])
        },
    ]

    static let crashes = [
        SinkBehaviour("a job that ends before its commit shows nothing, and leftovers are removed") { target throws in
            for steps in 0..<3 {
                do {
                    let attempt = Attempt()
                    let sink = try attempt.open(target.makeFactory(), at: target)
                    try attempt.write(numbers(0..<3), to: sink)
                    if steps > 0 { try attempt.write(RecordBatch(columns: [("other", .bool([true]))]), to: sink) }
                    if steps > 1 { try sink.prepare() }
                }
                #expect(try target.visible("t").isEmpty)
                let left = try target.staged()
                let removed = try target.makeFactory().removeLeftovers()
                #expect(removed.count == left.count)
                try expectNothing(at: target)
            }
        },
        SinkBehaviour("the next attempt overcomes what a crash left, without a clean-up") { target throws in
            do { _ = try Attempt().prepared(numbers(0..<3), at: target) }
            let wider = try RecordBatch(columns: [("n", .int64([9])), ("extra", .bool([true]))])
            #expect(try Attempt().run(numbers(0..<2), wider, at: target)?.rows == 3)
            #expect(try target.visible("t").first?.rows.map { $0[0] } == ["0", "1", "9"])
            #expect(try target.staged().isEmpty)
        },
        SinkBehaviour("the staging of a sink that lives is no leftover, at any step") { target throws in
            let attempt = Attempt()
            let sink = try attempt.open(target.makeFactory(), at: target)
            func expectUntouched(sourceLocation: SourceLocation = #_sourceLocation) throws {
                let staged = try target.staged()
                #expect(try target.makeFactory().removeLeftovers().isEmpty, sourceLocation: sourceLocation)
                #expect(try target.staged() == staged, sourceLocation: sourceLocation)
            }
            try attempt.write(numbers(0..<3), to: sink)
            try expectUntouched()
            try attempt.write(RecordBatch(columns: [("extra", .bool([true]))]), to: sink)
            try expectUntouched()
            try sink.prepare()
            try expectUntouched()
            #expect(try sink.commit()?.rows == 4)
            try expectUntouched()
            #expect(try target.visible("t").first?.rows.count == 4)
        },
        SinkBehaviour("what was promoted is never a leftover") { target throws in
            for name in ["t", "a.parquet.stg.3", "x.stg.1", "a.parquet.stg.3.old/5"] {
                try Attempt(table: name).run(numbers(0..<3), at: target)
                #expect(try target.makeFactory().removeLeftovers().isEmpty)
                #expect(try target.visible(name) == [table(0..<3, job: 7)])
            }
        },
    ]
}
