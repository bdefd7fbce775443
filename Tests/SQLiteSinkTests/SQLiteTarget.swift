import CasparianModel
import CasparianSinks
import CasparianTestKit
import Foundation
import SQLiteSink

/// SQLite files in a fresh folder, read with Python's sqlite3.
struct SQLiteTarget: SinkTarget {
    let folder: TemporaryFolder
    var root: String { folder.file("out") }

    let columnsMax: Int? = 2_000
    let foldsCase = true
    let holdsHugeTexts = false

    init() throws { folder = try TemporaryFolder() }

    static let now: @Sendable () -> Timestamp = { Timestamp(microsecondsSinceEpoch: 1_700_000_000_000_000) }

    func makeFactory() -> any SinkFactory { SQLiteSinkFactory(outputRoot: root, now: Self.now) }
    func uri(_ table: String) -> String { "sqlite://\(table).db/t" }
    func database(_ table: String) -> String { root + "/\(table).db" }

    func visible(_ table: String) throws -> [SinkTable] {
        let text = try Python.run(Self.read, database(table))
        return try JSONDecoder().decode([Part].self, from: Data(text.utf8)).map {
            SinkTable(columns: $0.columns, rows: $0.rows)
        }
    }

    func staged() throws -> [String] {
        folder.files().filter { $0.contains(".casparian/") || $0.hasSuffix("-journal") || $0.hasSuffix("-wal") }
    }

    private struct Part: Decodable {
        var columns: [String]
        var rows: [[String?]]
    }

    /// One part for each job, lineage columns last, types and cells as Arrow writes them.
    private static let read = """
        import json, os, sqlite3, sys
        types = {"INTEGER": "int64", "REAL": "double", "TEXT": "string", "BOOLEAN": "bool"}
        lineage = ["_job_id", "_file_version_id"]
        parts = []
        if os.path.exists(sys.argv[1]):
            database = sqlite3.connect(sys.argv[1])
            info = database.execute("SELECT name, type FROM pragma_table_info('t')").fetchall()
            info = [c for c in info if c[0] not in lineage] + [c for c in info if c[0] in lineage]
            def text(value, type):
                if value is None: return None
                if type == "BOOLEAN": return "true" if value else "false"
                if type == "REAL" and value == int(value): return str(int(value))
                return str(value)
            names = ", ".join('"%s"' % name.replace('"', '""') for name, _ in info)
            jobs = {}
            if info:
                for row in database.execute(f"SELECT {names} FROM t ORDER BY _job_id, rowid"):
                    cells = [text(value, type) for value, (_, type) in zip(row, info)]
                    jobs.setdefault(row[-2], []).append(cells)
            columns = [f"{name}:{types.get(type, type)}" for name, type in info]
            parts = [{"columns": columns, "rows": rows} for rows in jobs.values()]
        print(json.dumps(parts))
        """
}
