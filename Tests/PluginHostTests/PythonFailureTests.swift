import CasparianPluginRuntime
import Foundation
import Testing

extension GuestTests {
    /// Plugins that fail, and the job after that.
    @Suite struct PythonFailureTests {
        struct Case: Sendable, CustomTestStringConvertible {
            var source: String
            var code: PluginError.Code
            var words: [String]
            var testDescription: String { words.joined(separator: ", ") }
        }

        static let cases = [
            Case(
                source: consuming("x = 1\nraise ValueError('no good')"), code: .failed,
                words: ["Traceback", "line 7", "ValueError: no good"]),
            Case(source: consuming("sys.exit(0)"), code: .failed, words: ["SystemExit", "sys.exit(0)"]),
            Case(
                source: consuming("return object()"), code: .unsupportedData, words: ["object", "'output'", "pyarrow"]),
            Case(source: consuming("yield [1, 2]"), code: .unsupportedData, words: ["list"]),
            Case(source: "def (:\n", code: .cannotLoad, words: ["SyntaxError", "line 1", "p.py"]),
            Case(
                source: "import nowhere_to_be_found", code: .cannotLoad,
                words: ["ModuleNotFoundError", "nowhere_to_be"]),
            Case(source: "x = 1", code: .cannotLoad, words: ["no class Handler"]),
            Case(source: consuming("os._exit(3)"), code: .guestDied, words: ["exit status 3"]),
            Case(source: consuming("os._exit(0)"), code: .guestDied, words: ["exit status 0"]),
            Case(source: consuming("os.kill(os.getpid(), signal.SIGKILL)"), code: .guestDied, words: ["SIGKILL"]),
            Case(source: consuming("os.kill(os.getpid(), signal.SIGTERM)"), code: .guestDied, words: ["SIGTERM"]),
            Case(
                source: consuming("import ctypes; ctypes.string_at(0)"), code: .guestDied,
                words: ["SIGSEGV", "last output", "p.py\", line 6"]),
            Case(source: consuming("os.write(3, b'hello world')"), code: .guestGarbage, words: ["descriptor 3"]),
            Case(
                source: consuming("os.write(3, b'B\\xff\\xff\\xff\\xff')"), code: .guestGarbage, words: ["descriptor 3"]
            ),
            Case(source: consuming("os.write(3, b'B\\0\\0\\0\\1x')"), code: .guestGarbage, words: ["without a topic"]),
            Case(
                source: consuming("os.write(3, b'B\\0\\0\\0\\100\\0\\3abc' + bytes(59))"), code: .guestGarbage,
                words: ["'abc'", "no Arrow stream"]),
            Case(source: consuming("os.write(3, b'E\\0\\0\\0\\2[]')"), code: .guestGarbage, words: ["JSON"]),
            Case(
                source: consuming("os.write(3, b'H\\0\\0\\0\\x0e{\"protocol\":1}')"), code: .guestGarbage,
                words: ["no place"]),
        ]
        static let closing = Case(
            source: consuming("os.close(3)\ntime.sleep(1000)"), code: .guestDied, words: ["descriptor 3"])

        /// With more time than a process that ends by itself needs for that on a busy machine.
        @Test func `Each failure says what happened, and the slot runs the next job`() throws {
            try check(Self.cases, grace: .seconds(10))
        }

        @Test func `A process that closes its channel and goes on is ended, and the slot runs the next job`() throws {
            try check([Self.closing], grace: .milliseconds(100))
        }

        private func check(_ cases: [Case], grace: Duration) throws {
            let plugins = try Plugins(["good": consuming("return [{'n': 1}]")])
            let slot = plugins.runtime { $0.limits.grace = grace }.makeSlot()
            defer { slot.shutDown() }
            for item in cases {
                try plugins.write(item.source, to: "p")
                let error = pluginError { try slot.run(plugins.invocation("p"), output: Collected()) }
                let text = error?.description ?? ""
                #expect(error?.code == item.code && error?.plugin == "p", "\(item.words): \(text)")
                for word in item.words { #expect(text.contains(word), "\(word) in: \(text)") }
                let output = Collected()
                try slot.run(plugins.invocation("good"), output: output)
                #expect(try output.cells() == ["1"])
            }
        }

        @Test func `What an output throws reaches the caller, and the plugin is stopped`() throws {
            struct Full: Error {}
            let plugins = try Plugins(["p": consuming("while True: yield [{'pid': os.getpid()}]")])
            let slot = plugins.runtime().makeSlot()
            defer { slot.shutDown() }
            let output = Collected { if $0 == 3 { throw Full() } }
            #expect(throws: Full.self) { try slot.run(plugins.invocation("p"), output: output) }
            #expect(output.parts.count == 4)
            #expect(try !ProcessTable.isAlive(#require(output.cells().first)))
        }

        @Test func `A plugin that is not there cannot be loaded`() throws {
            let plugins = try Plugins()
            let slot = plugins.runtime().makeSlot()
            defer { slot.shutDown() }
            let error = pluginError { try slot.run(plugins.invocation("nobody"), output: Collected()) }
            #expect(error?.code == .cannotLoad && error?.message.contains("nobody.py") == true)
        }

        @Test(arguments: [
            ("/nowhere/python3", "No such file"), ("/bin/false", "exit status 1"), ("/bin/cat", "exit status"),
        ])
        func `An interpreter that is none is an error that names it and the next step`(
            _ python: String, _ words: String
        )
            throws
        {
            let plugins = try Plugins(["p": consuming("return None")])
            let slot = plugins.runtime { $0.python = python }.makeSlot()
            defer { slot.shutDown() }
            let error = pluginError { try slot.run(plugins.invocation("p"), output: Collected()) }
            #expect(error?.code == .cannotLoad)
            for word in [python, words, "--python"] {
                #expect(error?.message.contains(word) == true, "\(error?.message ?? "")")
            }
        }

        @Test func `A guest that does not greet in time is ended`() throws {
            let plugins = try Plugins(["p": consuming("return None")])
            try Data("#!/bin/sh\nexec sleep 1000\n".utf8).write(to: URL(fileURLWithPath: plugins.file("slow")))
            #expect(chmod(plugins.file("slow"), 0o755) == 0)
            let slot = plugins.runtime { options in
                options.python = plugins.file("slow")
                options.limits.start = .milliseconds(200)
            }.makeSlot()
            defer { slot.shutDown() }
            let error = pluginError { try slot.run(plugins.invocation("p"), output: Collected()) }
            #expect(error?.code == .cannotLoad && error?.message.contains("did not answer within 0.2 seconds") == true)
        }
    }
}
