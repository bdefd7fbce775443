import CasparianPluginRuntime
import Columnar
import Foundation
import Testing

extension GuestTests {
    @Suite struct PythonFlowTests {
        @Test func `A slow output bounds how far a generator runs ahead, and its memory`() throws {
            let source = consuming(
                """
                import pyarrow as pa
                for i in range(300):
                    with open(self.config["count"], "w") as file: file.write(str(i + 1))
                    status = open("/proc/self/status").read()
                    peak = int(status.split("VmHWM:")[1].split()[0])
                    yield pa.table({name: pa.repeat(pa.scalar(n), 131072) for name, n in [("i", i), ("peak_kib", peak)]})
                """)
            let plugins = try Plugins(["p": source])
            let slot = plugins.runtime().makeSlot()
            defer { slot.shutDown() }
            let count = plugins.file("count")
            var aheadMax = 0
            var peaks: [Int] = []
            var rows = 0
            let output = Counting { batch in
                rows += batch.rowCount
                let cells = try batch.cellTexts(rows: 0..<1)[0]
                let made = Int(try String(contentsOfFile: count, encoding: .utf8)) ?? 0
                aheadMax = max(aheadMax, made - (Int(cells[0] ?? "") ?? 0))
                peaks.append(Int(cells[1] ?? "") ?? 0)
                // Work, so that a plugin that nobody holds back would be done long before this is.
                for _ in 0..<8 { _ = try batch.encodeIPC() }
            }
            try slot.run(plugins.invocation("p", parameters: #"{"count": "\#(count)"}"#), output: output)
            #expect(rows == 300 * 131_072)
            // A table has 2 MB; 4 MB and some lie in the socket, one is on its way, one in the plugin's hands.
            #expect(aheadMax <= 12, "\(aheadMax) tables ahead")
            let first = try #require(peaks.first)
            let last = try #require(peaks.last)
            #expect(last - first < 64 << 10, "the guest grew from \(first) to \(last) KiB")
        }

        @Test func `100 MB of prints neither block a job nor fill memory, and the end is kept`() throws {
            let source = consuming(
                """
                line = "x" * 99 + "\\n"
                for _ in range(1000): sys.stdout.write(line * 1000)
                print("the last line")
                raise ValueError("now")
                """)
            let plugins = try Plugins(["p": source])
            let slot = plugins.runtime().makeSlot()
            defer { slot.shutDown() }
            let error = pluginError { try slot.run(plugins.invocation("p"), output: Collected()) }
            #expect(error?.code == .failed && error?.message.contains("ValueError: now") == true)
            let tail = try #require(error?.logTail)
            #expect(tail.hasSuffix("the last line\n"))
            #expect(tail.hasPrefix("... 99") && tail.utf8.count < 70_000)
        }

        @Test func `Prints of one job do not show in the next one's failure`() throws {
            let plugins = try Plugins([
                "loud": consuming("print('from the first job')\nreturn None"), "p": consuming("raise ValueError('x')"),
            ])
            let slot = plugins.runtime().makeSlot()
            defer { slot.shutDown() }
            try slot.run(plugins.invocation("loud"), output: Collected())
            #expect(pluginError { try slot.run(plugins.invocation("p"), output: Collected()) }?.logTail == "")
        }
    }
}

/// Looks at batches and keeps none.
private final class Counting: PluginOutput {
    private let look: (RecordBatch) throws -> Void
    init(_ look: @escaping (RecordBatch) throws -> Void) { self.look = look }
    func write(_ batch: RecordBatch, topic: String) throws { try look(batch) }
    func restart() {}
}
