import CasparianPluginRuntime
import Foundation
import PluginHost
import Testing

extension GuestTests {
    /// In processes of their own, where nobody else opens files or starts processes.
    @Suite struct LeakTests {
        @Test func `50 jobs of every fate leave as many descriptors as before, and no process`() async {
            await #expect(processExitsWith: .success) {
                let plugins = try Plugins([
                    "good": consuming("return [{'n': 1}]"), "bad": consuming("raise ValueError('x')"),
                    "dies": consuming("os._exit(1)"), "garbage": consuming("os.write(3, b'nonsense')"),
                    "hangs": consuming("yield [{'n': 1}]\ntime.sleep(1000)"),
                ])
                let runtime = plugins.runtime { $0.limits.grace = .milliseconds(100) }
                // What is made once: threads, pools, the random source.
                try GuestTests.LeakTests.run(runtime, plugins, ["good", "dies", "good"])
                let before = ProcessTable.descriptors()
                let jobs = Array(repeating: "good", count: 40) + ["bad", "dies", "garbage", "hangs", "good"]
                try GuestTests.LeakTests.run(runtime, plugins, jobs + ["dies", "bad", "garbage", "hangs", "dies"])
                _ = try await runtime.discover()
                #expect(ProcessTable.children().isEmpty)
                // Log threads close theirs a moment after their guest is gone, before the first count, too.
                #expect(ProcessTable.eventually { ProcessTable.descriptors() <= before })
            }
        }

        static func run(_ runtime: PythonPlugins, _ plugins: Plugins, _ jobs: [String]) throws {
            let slot = runtime.makeSlot()
            defer { slot.shutDown() }
            for job in jobs {
                let output = Collected { _ in if job == "hangs" { slot.cancel() } }
                if job == "good" || job == "p" {
                    try slot.run(plugins.invocation(job), output: output)
                } else {
                    #expect(throws: PluginError.self) { try slot.run(plugins.invocation(job), output: output) }
                }
            }
        }

        @Test func `A process with too few descriptors left says so, and leaks neither them nor processes`() async {
            await #expect(processExitsWith: .success) {
                let plugins = try Plugins(["p": consuming("return [{'n': 1}]")])
                let runtime = plugins.runtime { $0.limits.grace = .milliseconds(100) }
                var failures = 0
                var successes = 0
                // What is made once, as above.
                try GuestTests.LeakTests.run(runtime, plugins, ["p"])
                let before = ProcessTable.descriptors()
                for spare in 0..<16 {
                    // A log thread that closed its own later would leave more than are meant.
                    #expect(ProcessTable.eventually { ProcessTable.descriptors() <= before })
                    let slot = runtime.makeSlot()
                    let taken = GuestTests.LeakTests.takeDescriptors(leaving: spare)
                    let result = Result { try slot.run(plugins.invocation("p"), output: Collected()) }
                    for descriptor in taken { close(descriptor) }
                    switch result {
                    case .success: successes += 1
                    case .failure(let error):
                        failures += 1
                        let isTold = (error as? PluginError)?.code == .cannotLoad
                        #expect(isTold && "\(error)".contains("Too many open files"), "\(spare) to spare: \(error)")
                    }
                    slot.shutDown()
                    #expect(ProcessTable.eventually { ProcessTable.children().isEmpty })
                }
                #expect(failures > 3 && successes > 0, "the limit is low enough to matter and high enough to work")
            }
        }

        /// Opens files until only so many more can be.
        static func takeDescriptors(leaving spare: Int) -> [Int32] {
            var limit = rlimit()
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            limit.rlim_cur = 256
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            var taken: [Int32] = []
            while true {
                let descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC)
                guard descriptor >= 0 else { break }
                taken.append(descriptor)
            }
            for _ in 0..<min(spare, taken.count) { close(taken.removeLast()) }
            return taken
        }
    }
}
