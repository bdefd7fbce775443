import CasparianModel
import Crypto
import Foundation

/// The columns that a plugin made in the last previewed run, so that the next one tells what has changed.
struct SchemaHistory {
    /// Column to Arrow's name of its type, in order, by topic.
    typealias Schemas = [String: [[String]]]

    private let file: String

    /// - Parameters:
    ///   - folder: For caches, absolute.
    ///   - plugin: Its name.
    ///   - plugins: Folder of its file, absolute.
    init(folder: String, plugin: String, plugins: String) {
        let key = ContentHash(digest: SHA256.hash(data: Data("\(plugins)\u{0}\(plugin)".utf8))).hex
        file = "\(folder)/\(key.prefix(32)).json"
    }

    static func schemas(_ previews: [TopicPreview]) -> Schemas {
        Dictionary(previews.map { ($0.topic, $0.columns.map { [$0.name, $0.type] }) }) { first, _ in first }
    }

    /// What was there; nil if there was no run yet, or nothing readable of it.
    var last: Schemas? {
        FileManager.default.contents(atPath: file).flatMap { try? JSONDecoder().decode(Schemas.self, from: $0) }
    }

    /// A cache that cannot be written costs the next run its comparison, nothing else.
    func save(_ schemas: Schemas) {
        let folder = Paths.parent(of: file)
        try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try? JSONEncoder().encode(schemas).write(to: URL(fileURLWithPath: file), options: .atomic)
    }

    /// What is otherwise now, a line for each column; empty if nothing is.
    static func changes(from old: Schemas, to new: Schemas) -> [String] {
        Set(old.keys).union(new.keys).sorted().flatMap { topic -> [String] in
            let before = columns(old[topic] ?? [])
            let now = columns(new[topic] ?? [])
            let gone = (old[topic] ?? []).compactMap(\.first).filter { now[$0] == nil }.map { "\(topic): - \($0)" }
            let others = (new[topic] ?? []).compactMap(\.first).compactMap { name -> String? in
                guard let type = now[name] else { return nil }
                guard let former = before[name] else { return "\(topic): + \(name) \(type)" }
                return former == type ? nil : "\(topic): \(name) \(former) -> \(type)"
            }
            return gone + others
        }
    }

    private static func columns(_ list: [[String]]) -> [String: String] {
        Dictionary(list.filter { $0.count == 2 }.map { ($0[0], $0[1]) }) { first, _ in first }
    }
}
