import CasparianModel
import CasparianPluginRuntime
import Foundation
import PluginHost
import Testing

extension GuestTests {
    @Suite struct DiscoveryTests {
        @Test func `Every plugin file is described by its manifest, in the order of names`() async throws {
            let manifest = """
                from casparian_flow.sdk import PluginMetadata
                MANIFEST = PluginMetadata(
                    pattern="*.csv", topic="rows", priority=7, subscriptions=["a", "b"], sinks={"errors": "parquet://e"},
                    version="2.1", description="é")
                """
            let source = manifest + "\n" + consuming("return None")
            let plugins = try Plugins([
                "b": source, "a": consuming("return None"), "_shared": "", ".hidden": "", "c": source,
            ])
            try Data().write(to: URL(fileURLWithPath: plugins.file("notes.txt")))
            let found = try await plugins.runtime().discover()
            #expect(found.map(\.name) == ["a", "b", "c"])
            #expect(found.allSatisfy { $0.loadError == nil })
            #expect(found[0].manifest == PluginManifest())
            #expect(
                found[1].manifest
                    == PluginManifest(
                        pattern: "*.csv", topic: "rows", priority: 7, subscriptions: ["a", "b"],
                        sinks: ["errors": "parquet://e"], version: "2.1", description: "é"))
            #expect(found[1].source == source && found[1].contentHash == found[2].contentHash)
            #expect(found[1].contentHash?.count == 64)
        }

        @Test func `A file that cannot be loaded or ends its process costs that file only`() async throws {
            let plugins = try Plugins([
                "a": consuming("return None"), "b": "import nowhere", "c": "import os; os._exit(4)",
                "e": "import os; os.write(3, b'x' * 100)",
                "f": "print('said'); import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "g": "MANIFEST = 3",
                "z": consuming("return None"),
            ])
            let found = try await plugins.runtime().discover()
            #expect(found.map(\.name) == ["a", "b", "c", "e", "f", "g", "z"])
            let errors = Dictionary(uniqueKeysWithValues: found.map { ($0.name, $0.loadError ?? "") })
            #expect(errors["a"] == "" && errors["z"] == "")
            let words = [
                "b": "ModuleNotFoundError", "c": "exit status 4", "e": "guest protocol", "f": "SIGKILL", "g": "Handler",
            ]
            for (name, word) in words {
                #expect(errors[name]?.contains(word) == true, "\(name): \(errors[name] ?? "")")
            }
            #expect(errors["f"]?.contains("said") == true)
            #expect(found.allSatisfy { $0.contentHash?.count == 64 && $0.source != nil })
        }

        /// By itself: any other file may need longer than that on a busy machine.
        @Test func `A file that hangs is given up, and says so`() async throws {
            let plugins = try Plugins(["d": "import time; time.sleep(1000)"])
            let found = try await plugins.runtime { $0.limits.describe = .milliseconds(300) }.discover()
            #expect(found.map(\.name) == ["d"])
            let error = try #require(found.first?.loadError)
            #expect(error.contains("longer than 0.3 seconds"), "\(error)")
            #expect(found.allSatisfy { $0.contentHash?.count == 64 && $0.source != nil })
        }

        @Test func `A folder without plugins has none, a missing one is an error that names it`() async throws {
            let plugins = try Plugins()
            #expect(try await plugins.runtime().discover().isEmpty)
            let error = await #expect(throws: PluginError.self) {
                try await plugins.runtime { $0.folder = plugins.file("none") }.discover()
            }
            #expect(error?.code == .unreadable && error?.description.contains(plugins.file("none")) == true)
        }

        @Test func `Without an interpreter every plugin is listed with the reason`() async throws {
            let plugins = try Plugins(["a": consuming("return None"), "b": consuming("return None")])
            let found = try await plugins.runtime { $0.python = "/nowhere/python3" }.discover()
            #expect(found.map(\.name) == ["a", "b"])
            #expect(found.allSatisfy { $0.loadError?.contains("/nowhere/python3") == true })
        }

        @Test func `Discovery leaves no process`() async throws {
            let plugins = try Plugins([
                "a": "import os; open(os.path.dirname(__file__) + '/pid', 'w').write(str(os.getpid()))"
            ])
            _ = try await plugins.runtime().discover()
            #expect(!ProcessTable.isAlive(try String(contentsOfFile: plugins.file("pid"), encoding: .utf8)))
        }
    }
}
