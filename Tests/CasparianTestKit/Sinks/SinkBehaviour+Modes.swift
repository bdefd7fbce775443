import CasparianModel
import CasparianSinks
import Columnar
import Testing

extension SinkBehaviour {
    static let modes = [
        SinkBehaviour("append adds to what the same file brought before") { target throws in
            try Attempt(job: 1, version: 1).run(numbers(0..<2), at: target)
            try Attempt(job: 2, version: 2).run(numbers(0..<3), at: target)
            #expect(
                try target.visible("t")
                    == [table(0..<2, job: 1, version: 1), table(0..<3, job: 2, version: 2)])
        },
        SinkBehaviour("mode=error refuses a file that has rows there, and leaves those alone") { target throws in
            try Attempt(job: 1, version: 1, mode: .append).run(numbers(0..<2), at: target)
            let attempt = Attempt(job: 2, version: 2, mode: .error)
            let sink = try attempt.open(target.makeFactory(), at: target)
            try attempt.write(numbers(0..<3), to: sink)
            let error = sinkError { try sink.prepare() }
            #expect(error?.code == .rejected && error?.isTransient == false)
            #expect(error?.message.contains("mode=error") == true)
            #expect(error?.message.contains("/in/a.csv") == true)
            sink.discard()
            #expect(try target.visible("t") == [table(0..<2, job: 1)])
            #expect(try target.staged().isEmpty)
        },
        SinkBehaviour("mode=error lets other files, topics and plugins in, and a job's own next attempt") {
            target throws in
            let attempts = [
                Attempt(job: 1, mode: .error), Attempt(job: 2, mode: .error, file: "/in/b.csv"),
                Attempt(job: 3, topic: "other", mode: .error), Attempt(job: 4, plugin: "q", mode: .error),
            ]
            for attempt in attempts + attempts {
                #expect(try attempt.run(numbers(0..<2), at: target)?.rows == 2)
            }
            #expect(try target.visible("t") == (1...4).map { table(0..<2, job: $0) })
        },
        SinkBehaviour("mode=error refuses the second of two jobs that were prepared at once") { target throws in
            let first = try Attempt(job: 1, mode: .error).prepared(numbers(0..<2), at: target)
            let second = try Attempt(job: 2, version: 2, mode: .error).prepared(numbers(0..<3), at: target)
            #expect(try first.commit()?.rows == 2)
            #expect(sinkError { _ = try second.commit() }?.code == .rejected)
            second.discard()
            #expect(try target.visible("t") == [table(0..<2, job: 1)])
            #expect(try target.staged().isEmpty)
        },
        SinkBehaviour("mode=replace puts a new version in the place of the older ones of the same file") {
            target throws in
            try Attempt(job: 1, version: 1).run(numbers(0..<2), at: target)
            try Attempt(job: 2, version: 2).run(numbers(0..<2), at: target)
            try Attempt(job: 3, version: 9, file: "/in/b.csv").run(numbers(5..<6), at: target)
            try Attempt(job: 4, version: 1, topic: "other").run(numbers(6..<7), at: target)
            try Attempt(job: 5, version: 1, plugin: "q").run(numbers(7..<8), at: target)
            let sink = try Attempt(job: 6, version: 3, mode: .replace).prepared(numbers(0..<4), at: target)
            #expect(try target.visible("t").count == 5)
            #expect(try sink.commit()?.rows == 4)
            #expect(
                try target.visible("t") == [
                    table(5..<6, job: 3, version: 9), table(6..<7, job: 4), table(7..<8, job: 5),
                    table(0..<4, job: 6, version: 3),
                ])
            #expect(try target.staged().isEmpty)
        },
        SinkBehaviour("mode=replace by a version without rows leaves none") { target throws in
            try Attempt(job: 1, version: 1).run(numbers(0..<2), at: target)
            #expect(try Attempt(job: 2, version: 2, mode: .replace).run(at: target) == nil)
            #expect(try target.visible("t").isEmpty)
        },
        SinkBehaviour("mode=replace never puts an older version in the place of a newer one") { target throws in
            try Attempt(job: 2, version: 2, mode: .replace).run(numbers(0..<3), at: target)
            let late = Attempt(job: 1, version: 1, mode: .replace)
            let sink = try late.open(target.makeFactory(), at: target)
            try late.write(numbers(0..<2), to: sink)
            let error = sinkError { try sink.prepare() }
            #expect(error?.code == .rejected && error?.message.contains("newer version") == true)
            sink.discard()
            #expect(try target.visible("t") == [table(0..<3, job: 2, version: 2)])
        },
        SinkBehaviour("mode=replace by a later job of a version that came back takes the place of what was between") {
            target throws in
            for (job, version) in [(1, 1), (2, 2), (3, 1)] as [(Int64, Int64)] {
                try Attempt(job: job, version: version, mode: .replace).run(numbers(0..<job), at: target)
            }
            #expect(try target.visible("t") == [table(0..<3, job: 3, version: 1)])
        },
    ]

    /// Of targets that know no transaction.
    public static let interruptions = [
        SinkBehaviour("an interrupted mode=replace is completed by the job's next attempt") { target throws in
            let first = Attempt(job: 2, version: 2)
            try Attempt(job: 1, version: 1).run(numbers(0..<2), at: target)
            // As if the process had ended between the new rows and the removal of the old ones.
            try first.run(numbers(0..<3), at: target)
            let again = Attempt(job: 2, version: 2, mode: .replace)
            #expect(try again.run(numbers(0..<3), at: target)?.rows == 3)
            #expect(try target.visible("t") == [table(0..<3, job: 2, version: 2)])
        }
    ]

    static let sharing = [
        SinkBehaviour("two jobs at once into one place both arrive") { target throws in
            let first = Attempt(job: 1)
            let second = Attempt(job: 2, file: "/in/b.csv")
            let sinks = try [first, second].map { try $0.open(target.makeFactory(), at: target) }
            for start: Int64 in [0, 10] {
                try first.write(numbers(start..<start + 10), to: sinks[0])
                try second.write(numbers(start..<start + 10), to: sinks[1])
            }
            for sink in sinks { try sink.prepare() }
            for sink in sinks { #expect(try sink.commit()?.rows == 20) }
            #expect(try target.visible("t") == [table(0..<20, job: 1), table(0..<20, job: 2)])
            #expect(try target.staged().isEmpty)
        },
        SinkBehaviour("one job that fails takes nothing from another at the same place") { target throws in
            let failing = try Attempt(job: 1).prepared(numbers(0..<3), at: target)
            let other = try Attempt(job: 2).prepared(numbers(0..<4), at: target)
            failing.discard()
            #expect(try other.commit()?.rows == 4)
            #expect(try target.visible("t") == [table(0..<4, job: 2)])
        },
    ]
}
