import CasparianModel
import CasparianPluginRuntime
import Foundation
import Testing

@testable import PluginHost

extension GuestTests {
    /// Versions of a plugin: which one a job runs while its file changes.
    @Suite struct EditionTests {
        private func source(_ version: Int) -> String {
            "MANIFEST = {'version': '\(version)'}\n" + consuming("return [{'v': \(version), 'pid': os.getpid()}]")
        }

        private func row(_ slot: any PluginSlot, _ invocation: PluginInvocation) throws -> [String?] {
            let output = Collected()
            try slot.run(invocation, output: output)
            return try #require(try output.table().rows.first)
        }

        @Test func `A job runs the version that was discovered, whatever lies there now`() async throws {
            let plugins = try Plugins(["p": source(1)])
            let runtime = plugins.runtime()
            _ = try await runtime.discover()
            let slot = runtime.makeSlot()
            defer { slot.shutDown() }
            let edition = try #require(slot.edition(of: "p"))
            #expect(edition.version == "1" && edition.contentHash.count == 64)
            try plugins.write("def broken(", to: "p")
            #expect(try row(slot, plugins.invocation("p"))[0] == "1")
        }

        @Test func `A job that began with a version keeps it, and later ones run the next, in the same process`()
            async throws
        {
            let plugins = try Plugins(["p": source(1)])
            let runtime = plugins.runtime()
            _ = try await runtime.discover()
            let slot = runtime.makeSlot()
            defer { slot.shutDown() }
            var old = plugins.invocation("p")
            old.pluginHash = slot.edition(of: "p")?.contentHash
            let first = try row(slot, old)
            try plugins.write(source(2), to: "p")
            _ = try await runtime.discover()
            let second = try row(slot, plugins.invocation("p"))
            #expect(try row(slot, old) == first && second == ["2", first[1]])
        }

        @Test
        func `A change is told once it loads, one that does not is refused by name, and what is gone is left out`()
            async throws
        {
            let plugins = try Plugins(["p": source(1), "q": source(1)])
            let runtime = plugins.runtime()
            let before = try await runtime.discover()
            var changes = runtime.changes().makeAsyncIterator()
            try plugins.write(source(2), to: "p")
            let changed = try #require(await changes.next())
            #expect(changed.first?.manifest.version == "2" && changed[1].contentHash == before[1].contentHash)
            try plugins.write("import nothing_of_that_name", to: "p")
            let refused = try #require(await changes.next())
            #expect(refused[0].contentHash == changed[0].contentHash && refused[0].isOffered)
            #expect(refused[0].notice?.kind == .rejected)
            #expect(refused[0].notice?.text.contains("No module named 'nothing_of_that_name'") == true)
            try FileManager.default.removeItem(atPath: plugins.file("q.py"))
            #expect(await changes.next()?.map(\.name) == ["p"])
            try plugins.write(source(2), to: "p")
            let mended = try #require(await changes.next())
            #expect(mended[0].notice == nil && mended[0].contentHash == changed[0].contentHash)
        }

        @Test func `A slot that starts ahead has its process and its modules before the first job`() async throws {
            let loaded = consuming("return [{'at': MODULE_LOADED_AT}]", before: "MODULE_LOADED_AT = time.monotonic()")
            let plugins = try Plugins(["p": loaded])
            let runtime = plugins.runtime { $0.startsAhead = true }
            _ = try await runtime.discover()
            let slot = runtime.makeSlot()
            defer { slot.shutDown() }
            // Longer than any start takes; the moment itself is what counts.
            try await Task.sleep(for: .seconds(3))
            var now = timespec()
            clock_gettime(CLOCK_MONOTONIC, &now)
            let at = try #require(try row(slot, plugins.invocation("p"))[0].flatMap { Double($0) })
            #expect(at < Double(now.tv_sec) + Double(now.tv_nsec) / 1e9)
        }

        @Test func `A job that comes while its process is being started waits for that one`() async throws {
            let plugins = try Plugins(["p": source(1), "slow": "import time\ntime.sleep(1)\n" + source(1)])
            let runtime = plugins.runtime { $0.startsAhead = true }
            _ = try await runtime.discover()
            let slot = runtime.makeSlot()
            defer { slot.shutDown() }
            let first = try row(slot, plugins.invocation("p"))
            #expect(try row(slot, plugins.invocation("p")) == first)
        }
    }

    /// What the sandbox keeps a plugin from; where there is none, what it would.
    @Suite struct SandboxTests {
        private static let sandbox = try? PluginSandbox.find(in: ProcessInfo.processInfo.environment["PATH"]).get()

        @Test(.enabled(if: sandbox != nil)) func `A crash keeps its signal, and a limit its name`() throws {
            let plugins = try Plugins([
                "crash": consuming("os.kill(os.getpid(), signal.SIGSEGV)"),
                "hungry": consuming("bytearray(400 << 20)"), "well": consuming("return [{'pid': os.getpid()}]"),
            ])
            let slot = plugins.runtime { $0.sandbox = Self.sandbox }.makeSlot()
            defer { slot.shutDown() }
            let crash = pluginError { try slot.run(plugins.invocation("crash"), output: Collected()) }
            #expect(crash?.exitSignal == 11 && crash?.message.contains("SIGSEGV") == true)
            let limits = ResourceLimits(memoryMebibytes: 100)
            let hungry = pluginError {
                try slot.run(plugins.invocation("hungry", resources: limits), output: Collected())
            }
            #expect(hungry?.message.contains("may allocate 100 MiB") == true)
            let output = Collected()
            try slot.run(plugins.invocation("well"), output: output)
            // Its own numbering of processes: the first is the sandbox's.
            #expect(try output.cells() == ["2"])
        }

        @Test(.enabled(if: sandbox != nil)) func `Its folder for temporary files goes with it`() throws {
            let plugins = try Plugins(["p": consuming("return [{'t': os.environ['TMPDIR']}]")])
            let slot = plugins.runtime { $0.sandbox = Self.sandbox }.makeSlot()
            let output = Collected()
            try slot.run(plugins.invocation("p"), output: output)
            let folder = try #require(try output.cells()[0])
            #expect(FileManager.default.fileExists(atPath: folder))
            slot.shutDown()
            #expect(!FileManager.default.fileExists(atPath: folder))
        }

        @Test(.enabled(if: sandbox != nil)) func `A plugin that may use the network has a process of its own`() throws {
            let plugins = try Plugins(["p": consuming("return [{'n': len(os.listdir('/sys/class/net'))}]")])
            let slot = plugins.runtime { $0.sandbox = Self.sandbox }.makeSlot()
            defer { slot.shutDown() }
            let walled = Collected()
            try slot.run(plugins.invocation("p"), output: walled)
            var invocation = plugins.invocation("p")
            invocation.resources.allowsNetwork = true
            let open = Collected()
            try slot.run(invocation, output: open)
            #expect(try walled.cells().count == 1 && open.cells().count == 1)
        }

        @Test(arguments: [
            ("OSError: [Errno 30] Read-only file system: '/x'", "TMPDIR"),
            ("OSError: [Errno 101] Network is unreachable", "--network yes"),
            ("socket.gaierror: [Errno -3] Temporary failure in name resolution", "--network yes"),
        ])
        func `Its walls are explained`(_ line: String, told: String) {
            let hint = SandboxHint.hint(for: "Traceback\n\(line)", plugin: "p", ResourceLimits())
            #expect(hint?.contains(told) == true)
        }

        @Test func `Nothing is explained that has another reason`() {
            let unreachable = "OSError: [Errno 101] Network is unreachable"
            #expect(SandboxHint.hint(for: unreachable, plugin: "p", ResourceLimits(allowsNetwork: true)) == nil)
            #expect(SandboxHint.hint(for: "ValueError: 1", plugin: "p", ResourceLimits()) == nil)
        }

        @Test func `A machine without it says so`() {
            guard case .failure(let missing) = PluginSandbox.find(in: "/nowhere") else {
                Issue.record("found in /nowhere")
                return
            }
            #expect(missing.reason == "bwrap is not on PATH; install bubblewrap")
        }
    }
}
