import CasparianCatalog
import CasparianRegistration
import CasparianRouting

/// What commands that change rules have in common.
enum Routing {
    /// - Throws: `ExitStatus` for a pattern that can never be used.
    static func check(pattern: String) async throws {
        do {
            guard try PathPattern(pattern) != nil else {
                throw ExitStatus.misuse("'\(pattern)' is a comment or empty, so it matches nothing; quote it: '*.csv'")
            }
        } catch let error as PatternError {
            throw ExitStatus.misuse("\(error)")
        }
    }

    /// Sends files that are known already where the rules now say.
    static func apply(to catalog: any Catalog) async throws {
        let queued = try await Registrar(catalog: catalog).reroute(now: Clock.now()).queuedJobs
        if queued > 0 { Terminal.line("Queued \(Format.count(queued, "job")) for files that are known already") }
    }
}
