import CasparianModel
import CasparianPluginRuntime
import Foundation
import Testing

@testable import PluginHost

extension GuestTests {
    /// Plugins that take more of the machine than they may.
    @Suite struct ResourceLimitTests {
        private let sources = [
            "allocates": consuming("block = bytearray(int(self.config['mib']) << 20)\nyield [{'n': len(block) >> 20}]"),
            "spins": consuming(
                "end = time.process_time() + float(self.config['seconds'])\n"
                    + "while time.process_time() < end: pass\nyield [{'n': os.getpid()}]"),
            "aborts": consuming("os.abort()"),
        ]
        private let limits = ResourceLimits(memoryMebibytes: 200, cpuSeconds: 1)

        private func run(
            _ slot: any PluginSlot, _ plugins: Plugins, _ plugin: String, _ parameters: String = "{}",
            _ resources: ResourceLimits = ResourceLimits()
        ) throws -> String? {
            let output = Collected()
            try slot.run(
                plugins.invocation(plugin, parameters: parameters, resources: resources), output: output)
            return try output.cells().first ?? nil
        }

        @Test func `memory beyond the limit is refused, named, and costs nothing but the job`() throws {
            let plugins = try Plugins(sources)
            let slot = plugins.runtime().makeSlot()
            defer { slot.shutDown() }
            let error = pluginError { _ = try run(slot, plugins, "allocates", "{\"mib\": 4096}", limits) }
            #expect(error?.code == .failed && error?.cause == .plugin)
            #expect(error?.message.contains("MemoryError") == true)
            #expect(error?.message.contains("may allocate 200 MiB (plugins set --memory)") == true)
            #expect(error?.message.contains("MiB resident at most") == true)
            // Less than the limit, the same after that, and without a limit what was too much.
            for _ in 0..<3 { #expect(try run(slot, plugins, "allocates", "{\"mib\": 150}", limits) == "150") }
            #expect(try run(slot, plugins, "allocates", "{\"mib\": 500}") == "500")
        }

        @Test func `processor time beyond the limit ends the process, and the error names it`() throws {
            let plugins = try Plugins(sources)
            let slot = plugins.runtime().makeSlot()
            defer { slot.shutDown() }
            let error = pluginError { _ = try run(slot, plugins, "spins", "{\"seconds\": 60}", limits) }
            #expect(error?.code == .guestDied && error?.cause == .deadline && error?.exitSignal == 24)
            #expect(error?.message.contains("used up the 1 s of processor time") == true)
            // Each attempt has its own time, also in a process that has used some.
            var processes: Set<String?> = []
            for _ in 0..<4 { processes.insert(try run(slot, plugins, "spins", "{\"seconds\": 0.6}", limits)) }
            #expect(processes.count == 1)
            #expect(try run(slot, plugins, "spins", "{\"seconds\": 2}") == processes.first ?? nil)
        }

        @Test func `more processes than there may be are all ended, and the error says how many there were`() throws {
            let fork = "while True: os.fork()"
            let children =
                "pids = [os.spawnlp(os.P_NOWAIT, 'sleep', 'sleep', '60') for _ in range(int(self.config['n']))]\n"
                + "time.sleep(0.3)\nyield [{'n': len(pids)}]"
            let plugins = try Plugins(["bomb": consuming(fork), "starts": consuming(children)])
            let slot = plugins.runtime().makeSlot()
            defer { slot.shutDown() }
            let few = ResourceLimits(processes: 5)
            #expect(try run(slot, plugins, "starts", "{\"n\": 4}", few) == "4")
            for (plugin, parameters) in [("starts", "{\"n\": 20}"), ("bomb", "{}")] {
                let error = pluginError { _ = try run(slot, plugins, plugin, parameters, few) }
                #expect(error?.cause == .plugin, "another attempt would start as many")
                #expect(error?.message.contains("and may have 5 (plugins set --processes)") == true, "\(plugin)")
            }
            #expect(try run(slot, plugins, "starts", "{\"n\": 4}") == "4")
        }

        @Test func `memory of children counts with their parent's`() throws {
            let children = """
                import subprocess
                code = "import time; b = bytearray(90 << 20); b[::4096] = b'x' * len(b[::4096]); time.sleep(60)"
                for _ in range(4): subprocess.Popen([sys.executable, "-S", "-c", code])
                time.sleep(60)
                """
            let plugins = try Plugins(["parent": consuming(children)])
            let slot = plugins.runtime().makeSlot()
            defer { slot.shutDown() }
            let error = pluginError { _ = try run(slot, plugins, "parent", "{}", limits) }
            #expect(error?.cause == .plugin)
            #expect(error?.message.contains("MiB together; they may allocate 200 MiB") == true)
        }

        @Test func `memory that children share with their parent, and mapped files, do not count`() throws {
            let forks = """
                block = bytearray(b'x') * (130 << 20)
                pids = []
                for _ in range(3):
                    pid = os.fork()
                    if pid == 0:
                        time.sleep(0.5)
                        os._exit(0)
                    pids.append(pid)
                for pid in pids: os.waitpid(pid, 0)
                yield [{'n': len(block) >> 20}]
                """
            let maps = """
                import mmap
                with open(event.path, 'r+b') as file:
                    file.truncate(600 << 20)
                    view = mmap.mmap(file.fileno(), 0)
                    count = sum(view[place] for place in range(0, len(view), 4096))
                    time.sleep(0.3)
                yield [{'n': count}]
                """
            let plugins = try Plugins(["forks": consuming(forks), "maps": consuming(maps)])
            try "".write(toFile: plugins.file("input.txt"), atomically: true, encoding: .utf8)
            let slot = plugins.runtime().makeSlot()
            defer { slot.shutDown() }
            #expect(try run(slot, plugins, "forks", "{}", limits) == "130")
            #expect(try run(slot, plugins, "maps", "{}", limits) == "0")
        }

        @Test func `a process that ends by itself is said to have met a limit only where there is one`() throws {
            let plugins = try Plugins(sources)
            let slot = plugins.runtime().makeSlot()
            defer { slot.shutDown() }
            for (resources, isNamed) in [(ResourceLimits(), false), (limits, true)] {
                let error = pluginError { _ = try run(slot, plugins, "aborts", "{}", resources) }
                #expect(error?.exitSignal == 6 && error?.cause == .guest)
                #expect(error?.message.contains("may allocate 200 MiB") == isNamed)
            }
        }
    }
}
