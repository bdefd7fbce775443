import CasparianSinks
import Foundation
import StagingFiles

/// What a job has staged for a partitioned table: a JSON file in its staging folder, written before anything is promoted.
struct PartitionManifest: Codable, Hashable {
    struct Part: Codable, Hashable {
        /// Name in the staging folder.
        var staged: String
        /// `column=value/...` below the table's folder.
        var folder: String
        var sizeBytes: Int64
    }

    var origin: RowOrigin
    /// Name of the file in every partition.
    var fileName: String
    var parts: [Part]
    var rows: Int64
    /// Files below the table's folder that go when these are there; known when the promotion is decided.
    var replaced: [String] = []

    var sizeBytes: Int64 { parts.reduce(0) { $0 + $1.sizeBytes } }

    /// The list of what is whole; of no consequence yet.
    static let preparedName = "_prepared.json"
    /// The same, once the promotion is decided: whoever finds it finishes it.
    static let decidedName = "_decided.json"
    /// Bytes beyond which a file is no manifest.
    private static let sizeBytesMax: Int64 = 64 << 20

    /// Nil if there is none, or it cannot be read: it is renamed into place whole.
    init?(at path: String) {
        guard let size = FileSize.of(path), size <= Self.sizeBytesMax,
            let data = FileManager.default.contents(atPath: path),
            let read = try? JSONDecoder().decode(Self.self, from: data), read.staysInside
        else { return nil }
        self = read
    }

    /// Whether every path leads further down.
    private var staysInside: Bool {
        let names = parts.map(\.staged) + [fileName]
        let paths = parts.map(\.folder) + replaced
        return names.allSatisfy { !$0.contains("/") && $0 != ".." }
            && paths.allSatisfy { !$0.hasPrefix("/") && !$0.split(separator: "/").contains("..") }
    }

    init(origin: RowOrigin, fileName: String, parts: [Part], rows: Int64) {
        self.origin = origin
        self.fileName = fileName
        self.parts = parts
        self.rows = rows
    }

    /// Writes it into a staging folder, whole or not at all.
    func write(_ name: String, in folder: String) throws(SinkError) {
        let path = folder + "/" + name
        do {
            let file = URL(fileURLWithPath: path + ".new")
            try JSONEncoder().encode(self).write(to: file)
            let handle = try FileHandle(forUpdating: file)
            try handle.synchronize()
            try handle.close()
        } catch {
            throw SinkError(code: .io, target: path, message: "cannot be written: \(error.localizedDescription)")
        }
        guard rename(path + ".new", path) == 0 else {
            throw SinkError(
                code: .io, target: path, message: "cannot be written: \(String(cString: strerror(errno)))")
        }
        try Folder.sync(folder)
    }
}
