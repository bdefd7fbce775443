import CasparianModel
import CasparianSinks
import Foundation

/// The database and table of a URI, and where a job stages for it.
struct SQLitePlace: Hashable, Sendable {
    /// Absolute.
    let database: String
    let table: String
    /// A database file below the output root; what a crash leaves there is found without knowing any target.
    let staging: String
    /// The same text as the artifact's URI.
    let artifactURI: String

    /// Folder of staging files below the output root.
    static let stagingFolder = ".casparian/sqlite"
    static let stagingSuffix = ".stg"

    /// `sqlite:///abs/file.db/table` or `sqlite://dir/file.db/table` below the output root (docs/sinks.md).
    ///
    /// - Throws: `SinkError` with `.invalidURI`.
    init(uri: SinkURI, job: JobID, outputRoot: String) throws(SinkError) {
        guard let slash = uri.place.lastIndex(of: "/"), slash != uri.place.startIndex else {
            throw SinkError(
                code: .invalidURI, target: uri.description,
                message: "a SQLite place is a file and a table, for example sqlite://sales.db/orders or "
                    + "sqlite:///data/sales.db/orders")
        }
        let path = String(uri.place[..<slash])
        table = String(uri.place[uri.place.index(after: slash)...])
        try SQLiteName.check(table: table, target: uri.description)
        if path.hasPrefix("/") {
            database = path
        } else {
            database = try Self.below(outputRoot, path, uri)
        }
        artifactURI = "sqlite://" + database + "/" + table
        // Two targets never share a file: FNV-1a, 64 bits, over both names.
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in artifactURI.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        staging = outputRoot + "/" + Self.stagingFolder + "/\(job)_" + String(hash, radix: 16) + Self.stagingSuffix
    }

    /// A relative path stays below the root, also where a symbolic link would lead out.
    private static func below(_ root: String, _ path: String, _ uri: SinkURI) throws(SinkError) -> String {
        let parts = path.split(separator: "/")
        guard !parts.isEmpty, !parts.contains(".."), !parts.contains("."), parts[0] != ".casparian" else {
            throw SinkError(
                code: .invalidURI, target: uri.description,
                message: "a relative SQLite place stays below the worker's output folder, without '.' and '..'")
        }
        let whole = root + "/" + parts.joined(separator: "/")
        let (realRoot, real) = (resolved(root), resolved(whole))
        guard real == realRoot || real.hasPrefix(realRoot + "/") else {
            throw SinkError(
                code: .invalidURI, target: uri.description,
                message: "a symbolic link leads out of the worker's output folder, to \(real); name the file by its "
                    + "absolute path if that is meant")
        }
        return whole
    }

    /// Symbolic links followed as far as the path exists.
    private static func resolved(_ path: String, linksLeft: Int = 40) -> String {
        var existing = path
        var rest: [String] = []
        while existing != "/", !existing.isEmpty {
            if let real = realpath(existing, nil) {
                defer { free(real) }
                return ([String(cString: real)] + rest.reversed()).joined(separator: "/")
            }
            // A link to nothing would be followed when the file is made.
            if linksLeft > 0, let link = try? FileManager.default.destinationOfSymbolicLink(atPath: existing) {
                let parent = (existing as NSString).deletingLastPathComponent
                let target = link.hasPrefix("/") ? link : parent + "/" + link
                return resolved(([target] + rest.reversed()).joined(separator: "/"), linksLeft: linksLeft - 1)
            }
            rest.append((existing as NSString).lastPathComponent)
            existing = (existing as NSString).deletingLastPathComponent
        }
        return path
    }
}
