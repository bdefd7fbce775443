import CasparianPluginRuntime
import Columnar
import Foundation
import Synchronization
import Testing

@testable import PluginHost

extension GuestTests {
    @Suite struct PythonCancelTests {
        private static let ignoringTerm = consuming(
            """
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            child = os.fork()
            if child == 0:
                while True: time.sleep(1)
            yield [{"pid": os.getpid()}, {"pid": child}]
            while True: time.sleep(1)
            """)

        @Test(arguments: [
            ignoringTerm, consuming("yield [{'pid': os.getpid()}]\nwhile True: pass"),
            consuming("yield [{'pid': os.getpid()}]\nos.kill(os.getpid(), signal.SIGSTOP)"),
            consuming("while True: yield [{'pid': os.getpid()}]"),
        ])
        func `A cancelled job ends, its processes too, whatever they do, and the slot runs the next one`(
            _ source: String
        ) throws {
            let plugins = try Plugins(["p": source, "good": consuming("return [{'n': 1}]")])
            let slot = plugins.runtime { $0.limits.grace = .milliseconds(100) }.makeSlot()
            defer { slot.shutDown() }
            let output = Collected { if $0 == 0 { slot.cancel() } }
            let error = pluginError { try slot.run(plugins.invocation("p"), output: output) }
            #expect(error?.code == .cancelled && error?.message == "stopped on request")
            #expect(!output.parts.isEmpty)
            for pid in try output.cells() { #expect(ProcessTable.eventually { !ProcessTable.isAlive(pid) }) }
            let next = Collected()
            try slot.run(plugins.invocation("good"), output: next)
            #expect(try next.cells() == ["1"])
        }

        @Test func `A cancel from another thread wakes a job that waits for its plugin`() throws {
            let plugins = try Plugins(["p": consuming("open(self.config['ready'], 'w').close()\ntime.sleep(1000)")])
            let slot = plugins.runtime { $0.limits.grace = .milliseconds(100) }.makeSlot()
            defer { slot.shutDown() }
            #expect(mkfifo(plugins.file("ready"), 0o600) == 0)
            let path = plugins.file("ready")
            Thread.detachNewThread {
                // Opens when the plugin does.
                close(open(path, O_RDONLY))
                slot.cancel()
            }
            let parameters = #"{"ready": "\#(path)"}"#
            let error = pluginError {
                try slot.run(plugins.invocation("p", parameters: parameters), output: Collected())
            }
            #expect(error?.code == .cancelled)
        }

        @Test func `A cancel between two jobs stops neither`() throws {
            let plugins = try Plugins(["p": consuming("return [{'pid': os.getpid()}]")])
            let slot = plugins.runtime().makeSlot()
            defer { slot.shutDown() }
            let output = Collected()
            slot.cancel()
            try slot.run(plugins.invocation("p"), output: output)
            slot.cancel()
            try slot.run(plugins.invocation("p"), output: output)
            #expect(try Set(output.cells()).count == 1 && output.parts.count == 2)
        }

        @Test func `A job that was cancelled before its slot could hear does not begin`() throws {
            final class Unwanted: PluginOutput {
                var isCancelled: Bool { true }
                func write(_ batch: RecordBatch, topic: String) { Issue.record("the plugin ran") }
                func restart() {}
            }
            let plugins = try Plugins(["p": consuming("return [{'n': 1}]")])
            for slot in [plugins.runtime().makeSlot(), NativeReaders().makeSlot()] {
                defer { slot.shutDown() }
                try Data("x\n".utf8).write(to: URL(fileURLWithPath: plugins.file("input.txt")))
                let name = slot is PythonSlot ? "p" : "lines"
                let error = pluginError { try slot.run(plugins.invocation(name), output: Unwanted()) }
                #expect(error?.code == .cancelled)
            }
        }
    }
}
