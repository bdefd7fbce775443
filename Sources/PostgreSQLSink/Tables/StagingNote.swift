import CasparianModel
import CasparianSinks
import Foundation

/// The comment on a staging table: whose it is, and, once all rows are in it, how many.
struct StagingNote: Hashable, Codable, Sendable {
    var origin: RowOrigin
    /// Set by `prepare`.
    var rows: Int64?

    /// What the comment begins with; a table without it is nobody's staging.
    static let prefix = "casparian staging "

    func text() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Self.prefix + String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    init(origin: RowOrigin, rows: Int64? = nil) {
        self.origin = origin
        self.rows = rows
    }

    /// Nil for another comment.
    init?(comment: String?) {
        guard let comment, comment.hasPrefix(Self.prefix),
            let note = try? JSONDecoder().decode(Self.self, from: Data(comment.dropFirst(Self.prefix.count).utf8))
        else { return nil }
        self = note
    }
}
