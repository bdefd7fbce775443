import CasparianTestKit
import Testing

@testable import PluginHost

extension GuestTests {
    @Suite struct GuestEnvironmentTests {
        private let ours = [
            "PATH": "/bin", "LC_ALL": "C", "LC": "x", "OPENBLAS_NUM_THREADS": "1", "AWS_SECRET_ACCESS_KEY": "s",
            "PGPASSWORD": "p",
            "MYAPP_A": "1", "MYAPP": "2", "GEO": "3", "LD_PRELOAD": "x.so", "CASPARIAN_KEYS_FOLDER": "k",
        ]

        @Test func `what a program needs is passed on, and nothing else`() {
            #expect(
                GuestEnvironment(of: ours).variables == ["PATH": "/bin", "LC_ALL": "C", "OPENBLAS_NUM_THREADS": "1"])
        }

        @Test func `a person names more, also by how names begin or end`() {
            let environment = GuestEnvironment(of: ours, passing: ["GEO", "MYAPP_*", "*PASSWORD", "NONE"])
            #expect(
                Set(environment.variables.keys)
                    == ["PATH", "LC_ALL", "OPENBLAS_NUM_THREADS", "GEO", "MYAPP_A", "PGPASSWORD"])
            #expect(environment.withheld.contains("MYAPP") && !environment.withheld.contains("GEO"))
        }

        @Test func `who asks for what is withheld is told, and nobody else`() {
            let environment = GuestEnvironment(of: ours)
            let hint = environment.hint(for: "Traceback\n  x\nKeyError: 'PGPASSWORD'\n")
            #expect(hint?.contains("PGPASSWORD") == true && hint?.contains("plugin_environment") == true)
            for other in [
                "KeyError: 'NONE'", "KeyError: 'PATH'", "ValueError: 'PGPASSWORD'", "", "KeyError: ", "KeyError: 5",
            ] {
                #expect(environment.hint(for: other) == nil, "\(other)")
            }
        }

        @Test func `a plugin sees none of the credentials of its worker, and those that are named`() throws {
            let source = consuming(
                "yield [{'names': ','.join(sorted(os.environ))}]; os.environ['AWS_SECRET_ACCESS_KEY']")
            let plugins = try Plugins(["p": source])
            let runtime = plugins.runtime { $0.environment = GuestEnvironment(of: ours, passing: ["MYAPP_*"]) }
            let slot = runtime.makeSlot()
            defer { slot.shutDown() }
            let output = Collected()
            let error = pluginError { try slot.run(plugins.invocation("p"), output: output) }
            #expect(error?.message.contains("not given the variable AWS_SECRET_ACCESS_KEY") == true)
            #expect(
                try output.cells() == [
                    "CASPARIAN_GUEST,LC_ALL,MYAPP_A,OPENBLAS_NUM_THREADS,PATH,PYTHONFAULTHANDLER,PYTHONPATH"
                ])
        }
    }
}
