import ArgumentParser
import CasparianCatalog
import CasparianModel
import CasparianScout
import FileDiscovery
import Foundation
import Logging

struct ScanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scan", abstract: "Look for files in source roots and queue a job for each plugin that wants one.",
        discussion: """
            A ROOT that is not known yet becomes a source root. Without ROOT, every active root is scanned, those \
            under 'roots' in casparian.yaml too.

            Examples:
              casparian scan /data/incoming
              casparian scan --json
              casparian scan --watch
            """)

    @OptionGroup var project: ProjectOptions
    @OptionGroup var listing: ListingOptions
    @Argument(help: "Folders.") var roots: [String] = []
    @Flag(help: "Go on until SIGINT or SIGTERM: changes are seen as they happen.") var watch = false
    @Flag(help: "Record files that are missing as gone, also where a whole folder is suddenly empty.")
    var acceptMissing = false

    func run() async throws {
        let settings = try await ProjectSettings.resolve(project)
        Logs.start(settings)
        let named = roots.map { Paths.absolute($0) }
        for root in named { try Self.check(root) }
        if named.isEmpty, settings.roots.isEmpty, !FileManager.default.fileExists(atPath: settings.database) {
            throw Self.noRoots
        }
        let catalog = try Composition.catalog(settings)
        let wanted = try await Self.sourceRoots(named, settings, in: catalog)
        guard !wanted.isEmpty else { throw Self.noRoots }
        let scout = try Composition.scout(settings, catalog: catalog, acceptsMissing: acceptMissing)
        let unreadable = try await scan(wanted, with: scout)
        guard unreadable.isEmpty else { throw ExitStatus.unreachable(unreadable.joined(separator: "\n")) }
        if watch { try await keepScanning(wanted, scout, catalog) }
    }

    /// Scans each root once and prints what was found.
    ///
    /// - Returns: Why roots could not be read, one text each.
    private func scan(_ roots: [SourceRoot], with scout: Scout) async throws -> [String] {
        let progress = ProgressLine()
        var unreadable: [String] = []
        for root in roots {
            do {
                progress.show("\(root.path): looking for files")
                let report = try await scout.scanSettled(root, now: { Clock.now() }) { report in
                    progress.show("\(root.path): \(Format.count(report.filesSeen, "file"))")
                } onWaiting: { count in
                    progress.show("\(root.path): waiting for \(Format.count(count, "file")) that are being written")
                }
                progress.clear()
                ScanCommand.print(report, json: listing.json)
                unreadable += report.alarms.map { alarm in
                    "\(alarm.folder.isEmpty ? root.path : root.path + "/" + alarm.folder): \(alarm.message)"
                }
            } catch let error as DiscoveryError {
                progress.clear()
                unreadable.append("\(error)")
            }
        }
        return unreadable
    }

    private func keepScanning(_ roots: [SourceRoot], _ scout: Scout, _ catalog: any Catalog) async throws {
        let json = listing.json
        let service = ScoutService(
            catalog: catalog, scout: scout, roots: self.roots.isEmpty ? nil : roots.map(\.id),
            logger: Logger(label: "casparian.scout"),
            now: { Clock.now() }
        ) { report in
            if report.hasNews { ScanCommand.print(report, json: json) }
        }
        try await Composition.untilDoneOrSignal(service)
    }

    private static let noRoots = ExitStatus.misuse("there is no source root yet; name one: casparian scan FOLDER")

    private static func check(_ root: String) throws {
        guard Paths.isFolder(root) else {
            throw ExitStatus.unreachable("\(root): there is no such folder; a source root is a folder, check the path")
        }
    }

    /// The roots to scan, recorded; without names, all that are active.
    private static func sourceRoots(
        _ named: [String], _ settings: ProjectSettings, in catalog: any Catalog
    ) async throws -> [SourceRoot] {
        var added: [SourceRoot] = []
        for path in named.isEmpty ? settings.roots : named {
            let root = try await catalog.addSourceRoot(path: path)
            if !added.contains(where: { $0.id == root.id }) { added.append(root) }
        }
        return named.isEmpty ? try await catalog.sourceRoots().filter(\.isActive) : added
    }

    static func print(_ report: ScanReport, json: Bool) {
        if json { return Terminal.line(JSONLine.encode(report.pairs)) }
        let parts: [(Int, String)] = [
            (report.newFiles, "new"), (max(report.newVersions - report.newFiles, 0), "changed"),
            (report.unchangedFiles, "unchanged"), (report.movedFiles, "moved"), (report.goneFiles, "gone"),
            (report.unsettledFiles, "still being written"),
        ]
        let counts = parts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
        let detail = counts.isEmpty ? "" : " (\(counts.joined(separator: ", ")))"
        Terminal.line(
            "\(report.root): \(Format.count(report.filesSeen, "file"))\(detail), "
                + "\(Format.count(report.queuedJobs, "job")) queued")
        if report.links > 0 { Terminal.line("  \(Format.count(report.links, "symbolic link")) not followed") }
        if !report.problems.isEmpty { Terminal.line("  \(Format.count(report.problems.count, "problem")), see above") }
    }
}

extension ScanReport {
    /// Something is not as it was at the last scan.
    var hasNews: Bool { newFiles + newVersions + queuedJobs + movedFiles + goneFiles > 0 }

    /// The keys of `--json`.
    var pairs: [(String, JSONLine.Value)] {
        [
            ("root", .text(root)), ("files", .integer(Int64(filesSeen))), ("new", .integer(Int64(newFiles))),
            ("new_versions", .integer(Int64(newVersions))), ("unchanged", .integer(Int64(unchangedFiles))),
            ("moved", .integer(Int64(movedFiles))), ("gone", .integer(Int64(goneFiles))),
            ("unsettled", .integer(Int64(unsettledFiles))), ("links", .integer(Int64(links))),
            ("queued", .integer(Int64(queuedJobs))),
            (
                "problems",
                .list(
                    problems.map { problem in
                        .object([("path", .text(problem.path)), ("reason", .text(problem.message))])
                    })
            ),
            (
                "alarms",
                .list(
                    alarms.map { alarm in
                        .object([("folder", .text(alarm.folder)), ("reason", .text(alarm.message))])
                    })
            ),
        ]
    }
}
