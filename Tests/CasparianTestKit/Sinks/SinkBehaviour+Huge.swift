import CasparianSinks
import Columnar
import Foundation
import Testing

extension SinkBehaviour {
    /// A text beyond every limit. It takes gigabytes of memory: one at a time, and not under a sanitizer.
    public static let huge = [
        SinkBehaviour("a text of over 1 GiB arrives whole, or is an error that names column, row and size") {
            target throws in
            let size = 1_100_000_000
            let batch = try RecordBatch(columns: [
                ("text", .string(["x", String(decoding: [UInt8](repeating: 0x79, count: size), as: UTF8.self)]))
            ])
            guard target.holdsHugeTexts else {
                try expectRefusal(of: [batch], at: target, naming: ["'text'", "row 2", "\(size)"])
                return
            }
            try Attempt().run(batch, at: target)
            let table = try #require(try target.visible("t").first)
            #expect(table.rows.map { $0[0]?.utf8.count } == [1, size])
        }
    ]

    /// Sanitizers build a part of the package, and need several times the memory.
    public static let hasRoomForHuge = ProcessInfo.processInfo.environment["CASPARIAN_ONLY"] == nil
}
