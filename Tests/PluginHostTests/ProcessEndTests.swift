import CasparianPluginRuntime
import Columnar
import Foundation
import Testing

@testable import PluginHost

extension GuestTests {
    /// What plugins start goes with them.
    @Suite struct ProcessEndTests {
        /// Children that nobody asks to end: in the group, in a session of its own, and of a parent that is gone. All of
        /// them and the plugin itself ignore SIGTERM; each child writes its number.
        static let children = """
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            def start(detach, orphan):
                ends = os.pipe()
                if os.fork() == 0:
                    if detach: os.setsid()
                    if orphan and os.fork() != 0: os._exit(0)
                    os.write(ends[1], str(os.getpid()).encode())
                    os.close(ends[1])
                    while True: time.sleep(1)
                os.close(ends[1])
                return int(os.read(ends[0], 20))
            pids = [os.getpid(), start(False, False), start(True, False), start(False, True), start(True, True)]
            """

        private static func isGone(_ pids: [String?]) -> Bool { pids.allSatisfy { !ProcessTable.isAlive($0) } }

        @Test func `A cancelled job takes everything with it that it has started, wherever that went`() throws {
            let plugins = try Plugins([
                "p": consuming(Self.children + "\nyield [{'pid': pid} for pid in pids]\nwhile True: time.sleep(1)")
            ])
            let slot = plugins.runtime { $0.limits.grace = .milliseconds(100) }.makeSlot()
            defer { slot.shutDown() }
            let output = Collected { if $0 == 0 { slot.cancel() } }
            let error = pluginError { try slot.run(plugins.invocation("p"), output: output) }
            #expect(error?.code == .cancelled)
            let pids = try output.cells()
            #expect(pids.count == 5)
            #expect(Self.isGone(pids), "when the job's end is told")
        }

        @Test func `A plugin that crashes takes its children with it`() throws {
            let plugins = try Plugins([
                "p": consuming(
                    Self.children + "\nyield [{'pid': pid} for pid in pids]\nos.kill(os.getpid(), signal.SIGKILL)")
            ])
            let slot = plugins.runtime().makeSlot()
            defer { slot.shutDown() }
            let output = Collected()
            let error = pluginError { try slot.run(plugins.invocation("p"), output: output) }
            #expect(error?.code == .guestDied && error?.exitSignal == 9)
            let pids = try output.cells()
            #expect(pids.count == 5 && Self.isGone(pids))
        }

        @Test func `A slot that is shut down leaves nothing of what its jobs have started`() throws {
            let plugins = try Plugins(["p": consuming(Self.children + "\nreturn [{'pid': pid} for pid in pids]")])
            let slot = plugins.runtime().makeSlot()
            let output = Collected()
            try slot.run(plugins.invocation("p"), output: output)
            let pids = try output.cells()
            #expect(pids.count == 5 && pids.dropFirst().allSatisfy { ProcessTable.isAlive($0) })
            slot.shutDown()
            #expect(Self.isGone(pids))
        }

        @Test func `What a killed process's plugins have started is ended by the next, and nothing else`() async throws
        {
            let plugins = try Plugins(["p": consuming(Self.children + "\nreturn [{'pid': pid} for pid in pids]")])
            let living = Collected()
            let slot = plugins.runtime().makeSlot()
            defer { slot.shutDown() }
            try slot.run(plugins.invocation("p"), output: living)
            await #expect(processExitsWith: .signal(SIGKILL)) { [list = plugins.file("pids") as String] in
                let plugins = try Plugins([
                    "p": consuming(
                        GuestTests.ProcessEndTests.children
                            + "\nreturn [{'pid': pid} for pid in pids]")
                ])
                let slot = plugins.runtime().makeSlot()
                let output = Collected()
                try slot.run(plugins.invocation("p"), output: output)
                try output.cells().compactMap { $0 }.joined(separator: "\n").write(
                    toFile: list, atomically: true, encoding: .utf8)
                kill(getpid(), SIGKILL)
            }
            let text = try String(contentsOfFile: plugins.file("pids"), encoding: .utf8)
            let pids = text.split(separator: "\n").map(String.init)
            #expect(pids.count == 5)
            // Another process's clean-up may be at them at this moment.
            _ = plugins.runtime().cleanUp()
            #expect(ProcessTable.eventually { Self.isGone(pids) })
            #expect(try living.cells().allSatisfy { ProcessTable.isAlive($0) })
        }

        @Test func `The most memory that a job had is told, for each job of a warm guest, and of one that was killed`()
            throws
        {
            final class Peaks: PluginOutput {
                var bytes: Int64 = 0
                func write(_ batch: RecordBatch, topic: String) {}
                func restart() {}
                func note(peakBytes: Int64) { bytes = peakBytes }
            }
            let plugins = try Plugins([
                "large": consuming("x = b'x' * (200 << 20)\ndel x\nreturn [{'n': 1}]"),
                "small": consuming("return [{'n': 1}]"),
                "killed": consuming("x = b'x' * (200 << 20)\nos.kill(os.getpid(), signal.SIGKILL)"),
            ])
            let slot = plugins.runtime().makeSlot()
            defer { slot.shutDown() }
            func peak(_ plugin: String) -> Int64 {
                let output = Peaks()
                try? slot.run(plugins.invocation(plugin), output: output)
                return output.bytes
            }
            #expect(peak("small") > 1 << 20)
            #expect(peak("large") > 200 << 20)
            #expect(peak("small") < 200 << 20, "the kernel was told to count anew")
            #expect(peak("killed") > 200 << 20)
        }

        @Test func `A kill is told with its memory, and with the kernel's word and limit if it was for memory`() {
            var exit = GuestExit(reason: .signal(9), wasByItself: true, peakBytes: 300 << 20)
            for word in ["SIGKILL", "signal 9", "300 MiB", "dmesg"] { #expect("\(exit)".contains(word), "\(exit)") }
            exit.memoryKills = MemoryKills(count: 3, limitBytes: 512 << 20)
            for word in ["out of memory", "512 MiB", "300 MiB", "slots"] {
                #expect("\(exit)".contains(word), "\(exit)")
            }
            #expect(exit.signal == 9)
            exit.wasByItself = false
            #expect(exit.signal == nil, "that was ours")
        }

        @Test func `The kernel's count of kills for memory is read of either kind of control group, or of the system`()
            throws
        {
            let root = try Plugins()
            func put(_ path: String, _ text: String) throws {
                let url = URL(fileURLWithPath: root.path + path)
                try FileManager.default.createDirectory(
                    at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
                try text.write(to: url, atomically: true, encoding: .utf8)
            }
            #expect(MemoryKills.read(root: root.path) == nil)
            try put("/proc/vmstat", "nr_free_pages 9\noom_kill 4\n")
            #expect(MemoryKills.read(root: root.path) == MemoryKills(count: 4))
            try put("/proc/self/cgroup", "5:cpu,memory:/a\n0::/b\n")
            try put("/sys/fs/cgroup/memory/a/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n")
            try put("/sys/fs/cgroup/memory/a/memory.limit_in_bytes", "9223372036854771712\n")
            #expect(MemoryKills.read(root: root.path) == MemoryKills(count: 2))
            try put("/proc/self/cgroup", "0::/b\n")
            try put("/sys/fs/cgroup/b/memory.events", "oom 7\noom_kill 6\noom_group_kill 0\n")
            #expect(MemoryKills.read(root: root.path) == MemoryKills(count: 6))
            try put("/sys/fs/cgroup/b/memory.max", "1048576\n")
            #expect(MemoryKills.read(root: root.path) == MemoryKills(count: 6, limitBytes: 1 << 20))
        }
    }
}
