import ArgumentParser
import Foundation
import PluginHost

struct ProtectionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "protections", abstract: "What keeps a plugin from harming this machine.",
        discussion: """
            Tries out, as this user on this machine, what a worker would use here. Exit status 1 if something is missing.

            Examples:
              casparian protections
              casparian protections --json
            """)
    @OptionGroup var project: ProjectOptions
    @OptionGroup var listing: ListingOptions

    func run() async throws {
        let settings = try await ProjectSettings.resolve(project)
        let sandbox: SandboxState
        switch (settings.sandbox, Composition.findSandbox(settings)) {
        case (.off, _): sandbox = .switchedOff
        case (_, .success(let found)): sandbox = .works(found.program)
        case (_, .failure(let missing)): sandbox = .missing("\(missing)")
        }
        let entries = PluginProtection.list(sandbox)
        Self.table.print(entries, json: listing.json)
        if entries.contains(where: { !$0.isActive }) { throw ExitStatus.failed() }
    }

    private static let table = Listing<PluginProtection>(
        columns: [
            Column("protection") { .text($0.name) }, Column("active") { .flag($0.isActive) },
            Column("how") { .text($0.how) },
        ], whenEmpty: "")
}

enum SandboxState {
    case works(String)
    case missing(String)
    case switchedOff
}

/// One way in which a plugin is kept from harm, and whether this machine has it.
struct PluginProtection: Sendable {
    var name: String
    var isActive: Bool
    /// What does it, or why it is not there.
    var how: String

    static func list(_ sandbox: SandboxState) -> [PluginProtection] {
        let limits = ResourceProbe.limitsOwnChildren()
        let bound = limits.map { "the system refuses: \($0)" }
        func limit(_ name: String, _ how: String) -> PluginProtection {
            PluginProtection(name: name, isActive: bound == nil, how: bound ?? how)
        }
        var entries = [
            PluginProtection(name: "own process", isActive: true, how: "a process group that ends with its job"),
            PluginProtection(
                name: "environment", isActive: true, how: "a list of variables, and what plugin_environment names"),
            PluginProtection(name: "wall time", isActive: true, how: "plugins set --deadline"),
            limit("memory", "plugins set --memory (RLIMIT_DATA, and a look every 50 ms)"),
            limit("processor time", "plugins set --cpu (RLIMIT_CPU)"),
            limit("open files", "plugins set --open-files (RLIMIT_NOFILE)"),
            PluginProtection(name: "processes", isActive: true, how: "plugins set --processes (a look every 50 ms)"),
        ]
        let walls = [
            ("read-only files", "everything but a folder of its own"),
            ("no network", "unless plugins set --network yes"),
            ("own process numbers", "it sees no other process, and none of its own outlives it"),
        ]
        for (name, how) in walls {
            switch sandbox {
            case .works(let program):
                entries.append(PluginProtection(name: name, isActive: true, how: "\(how) (\(program))"))
            case .missing(let reason): entries.append(PluginProtection(name: name, isActive: false, how: reason))
            case .switchedOff:
                entries.append(
                    PluginProtection(name: name, isActive: false, how: "sandbox: off in casparian.yaml"))
            }
        }
        return entries
    }
}
