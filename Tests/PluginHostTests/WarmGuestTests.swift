import CasparianPluginRuntime
import Foundation
import Testing

extension GuestTests {
    @Suite struct WarmGuestTests {
        private static let pid = consuming("return [{'pid': os.getpid()}]")

        private func pid(_ slot: any PluginSlot, _ plugins: Plugins, _ plugin: String = "p") throws -> String {
            let output = Collected()
            try slot.run(plugins.invocation(plugin), output: output)
            return try #require(try output.cells().first ?? nil)
        }

        @Test func `One process serves a slot's jobs, also of several plugins and after a failure of a plugin`() throws
        {
            let plugins = try Plugins(["p": Self.pid, "q": Self.pid, "bad": consuming("raise ValueError('x')")])
            let slot = plugins.runtime().makeSlot()
            defer { slot.shutDown() }
            let first = try pid(slot, plugins)
            #expect(try pid(slot, plugins) == first)
            #expect(try pid(slot, plugins, "q") == first)
            _ = pluginError { try slot.run(plugins.invocation("bad"), output: Collected()) }
            #expect(try pid(slot, plugins) == first)
        }

        @Test func `Two slots have two processes`() throws {
            let plugins = try Plugins(["p": Self.pid])
            let runtime = plugins.runtime()
            let slots = [runtime.makeSlot(), runtime.makeSlot()]
            defer { for slot in slots { slot.shutDown() } }
            #expect(try pid(slots[0], plugins) != pid(slots[1], plugins))
        }

        @Test func `A changed plugin runs as it is now, in the same process`() throws {
            let plugins = try Plugins(["p": consuming("return [{'pid': os.getpid(), 'v': 1}]")])
            let slot = plugins.runtime().makeSlot()
            defer { slot.shutDown() }
            let output = Collected()
            for version in 1...3 {
                try plugins.write(consuming("return [{'pid': os.getpid(), 'v': \(version)}]"), to: "p")
                try slot.run(plugins.invocation("p"), output: output)
            }
            let rows = try output.table().rows
            #expect(rows.map { $0[1] } == ["1", "2", "3"] && Set(rows.map { $0[0] }).count == 1)
        }

        @Test func `A process is replaced after so many jobs, and the old one is gone`() throws {
            let plugins = try Plugins(["p": Self.pid])
            let slot = plugins.runtime { $0.limits.jobsMax = 2 }.makeSlot()
            defer { slot.shutDown() }
            let pids = try (0..<4).map { _ in try pid(slot, plugins) }
            #expect(pids[0] == pids[1] && pids[1] != pids[2] && pids[2] == pids[3])
            #expect(!ProcessTable.isAlive(pids[0]))
        }

        @Test func `A process that holds too much memory is replaced, also after a failed job`() throws {
            let hungry = consuming(
                "sys.modules['hoard'] = bytearray(300 << 20)\nif self.config.get('fail'): raise ValueError()")
            let plugins = try Plugins(["p": Self.pid, "hungry": hungry])
            let slot = plugins.runtime { $0.limits.residentBytesMax = 350 << 20 }.makeSlot()
            defer { slot.shutDown() }
            for parameters in ["{}", #"{"fail": true}"#] {
                let before = try pid(slot, plugins)
                try? slot.run(plugins.invocation("hungry", parameters: parameters), output: Collected())
                #expect(!ProcessTable.isAlive(before))
                #expect(try pid(slot, plugins) != before)
            }
        }

        @Test func `A process that dies between jobs is replaced unnoticed`() throws {
            let plugins = try Plugins(["p": Self.pid])
            let slot = plugins.runtime().makeSlot()
            defer { slot.shutDown() }
            let first = try pid(slot, plugins)
            let process = try #require(pid_t(first))
            #expect(kill(process, SIGKILL) == 0)
            ProcessTable.waitForEnd(process)
            let second = try pid(slot, plugins)
            #expect(second != first && !ProcessTable.isAlive(first))
        }

        @Test func `shutDown ends the process, and the slot takes no more jobs`() throws {
            let plugins = try Plugins(["p": Self.pid])
            let slot = plugins.runtime().makeSlot()
            let first = try pid(slot, plugins)
            #expect(ProcessTable.isAlive(first))
            slot.shutDown()
            #expect(!ProcessTable.isAlive(first))
            slot.shutDown()
            let error = pluginError { try slot.run(plugins.invocation("p"), output: Collected()) }
            #expect(error?.code == .cancelled && error?.message.contains("shutting down") == true)
        }

        @Test func `shutDown while a job runs stops the job`() throws {
            let plugins = try Plugins(["p": consuming("yield [{'pid': os.getpid()}]\ntime.sleep(1000)")])
            let slot = plugins.runtime().makeSlot()
            let output = Collected { if $0 == 0 { slot.shutDown() } }
            #expect(pluginError { try slot.run(plugins.invocation("p"), output: output) }?.code == .cancelled)
            #expect(try !ProcessTable.isAlive(#require(output.cells().first)))
        }

        @Test func `A slot that is dropped leaves no process`() throws {
            let plugins = try Plugins(["p": Self.pid])
            let first = try pid(plugins.runtime().makeSlot(), plugins)
            #expect(!ProcessTable.isAlive(first))
        }
    }
}
