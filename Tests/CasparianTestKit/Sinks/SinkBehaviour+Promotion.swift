import CasparianModel
import CasparianSinks
import Columnar
import Testing

extension SinkBehaviour {
    static let promotion = [
        SinkBehaviour("nothing is visible before the commit, and all of it after") { target throws in
            let attempt = Attempt()
            let sink = try attempt.open(target.makeFactory(), at: target)
            #expect(try target.visible("t").isEmpty)
            try attempt.write(numbers(0..<3), to: sink)
            try attempt.write(numbers(3..<5), to: sink)
            #expect(try target.visible("t").isEmpty)
            try sink.prepare()
            #expect(try target.visible("t").isEmpty)
            #expect(try sink.commit()?.rows == 5)
            #expect(try target.visible("t") == [table(0..<5, job: 7)])
            #expect(try target.staged().isEmpty)
        },
        SinkBehaviour("the artifact names topic and rows, and a size where there is one") { target throws in
            let attempt = Attempt(topic: "sales")
            let artifact = try #require(try attempt.run(numbers(0..<100), at: target))
            #expect(artifact.topic == "sales" && artifact.rows == 100)
            #expect(artifact.sizeBytes != 0)
            #expect(artifact.uri.hasPrefix(target.makeFactory().scheme + "://"))
        },
        SinkBehaviour("opening a sink leaves no trace") { target throws in
            _ = try Attempt().open(target.makeFactory(), at: target)
            try expectNothing(at: target)
        },
        SinkBehaviour("a topic without rows promotes nothing and is no error") { target throws in
            #expect(try Attempt().run(at: target) == nil)
            #expect(try Attempt().run(numbers(0..<0), numbers(0..<0), at: target) == nil)
            try expectNothing(at: target)
        },
        SinkBehaviour("discard leaves nothing, however far the job had come") { target throws in
            let attempt = Attempt()
            for steps in 0..<4 {
                let sink = try attempt.open(target.makeFactory(), at: target)
                if steps > 0 { try attempt.write(numbers(0..<3), to: sink) }
                if steps > 1 { try attempt.write(RecordBatch(columns: [("other", .bool([true]))]), to: sink) }
                if steps > 2 { try sink.prepare() }
                sink.discard()
                try expectNothing(at: target)
                sink.discard()
            }
        },
        SinkBehaviour("reset begins anew, with other columns too") { target throws in
            let attempt = Attempt()
            let sink = try attempt.open(target.makeFactory(), at: target)
            try sink.reset()
            try attempt.write(RecordBatch(columns: [("n", .bool([true])), ("gone", .int64([1]))]), to: sink)
            try sink.reset()
            try attempt.write(numbers(0..<2), to: sink)
            try sink.prepare()
            #expect(try sink.commit()?.rows == 2)
            #expect(try target.visible("t") == [table(0..<2, job: 7)])
            #expect(try target.staged().isEmpty)
        },
        SinkBehaviour("reset after the last row leaves a topic without rows") { target throws in
            let attempt = Attempt()
            let sink = try attempt.open(target.makeFactory(), at: target)
            try attempt.write(numbers(0..<2), to: sink)
            try sink.reset()
            try sink.prepare()
            #expect(try sink.commit() == nil)
            try expectNothing(at: target)
        },
    ]
}
