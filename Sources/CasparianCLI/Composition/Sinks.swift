import CasparianModel
import CasparianSinks
import Foundation
import ParquetSink
import PostgreSQLSink
import SQLServerSink
import SQLiteSink

extension Composition {
    /// Every sink there is; one whose server nobody named says so when it is opened.
    ///
    /// - Throws: `SettingsError` for a server that is named in part.
    static func sinks(_ settings: ProjectSettings) throws -> SinkRegistry {
        SinkRegistry([
            ParquetSinkFactory(outputRoot: settings.output, writer: writer),
            ParquetS3SinkFactory(outputRoot: settings.output, writer: writer),
            SQLiteSinkFactory(outputRoot: settings.output, now: Clock.now),
            try postgreSQL(settings.servers["postgresql"]), try sqlServer(settings.servers["mssql"]),
        ])
    }

    /// In the footers of Parquet files.
    private static let writer = "casparian-flow \(CasparianCommand.version)"

    /// Where nothing is set, libpq's own variables may name the server.
    private static func postgreSQL(_ server: ServerSettings?) throws -> any SinkFactory {
        let variables = ProcessInfo.processInfo.environment
        guard
            server?.isEmpty == false || ["PGHOST", "PGSERVICE", "PGDATABASE"].contains(where: { variables[$0] != nil })
        else {
            return Unconfigured(
                scheme: "postgresql",
                missing: "set sinks.postgresql in casparian.yaml: host, database, user, and password_env or "
                    + "password_file; or PGHOST and so on")
        }
        var options = PostgreSQLOptions(
            connection: server?["connection"] ?? "", host: server?["host"], port: try server?.port(),
            database: server?["database"], user: server?["user"])
        switch try server?.password() {
        case .environment(let name): options.password = .environment(name)
        case .file(let path): options.password = .file(path)
        case nil: break
        }
        if let schema = server?["schema"] { options.defaultSchema = schema }
        return PostgreSQLSinkFactory(options: options)
    }

    private static func sqlServer(_ server: ServerSettings?) throws -> any SinkFactory {
        guard let server, !server.isEmpty else {
            return Unconfigured(
                scheme: "mssql",
                missing: "set sinks.mssql in casparian.yaml: server, database, user, and password_env or password_file")
        }
        guard let kept = try server.password() else {
            throw SettingsError(
                source: "sinks.mssql",
                message: "name password_env, a variable, or password_file, which has the password")
        }
        let password: SQLServerOptions.Password =
            switch kept {
            case .environment(let name): .environment(name)
            case .file(let path): .file(path)
            }
        return SQLServerSinkFactory(
            SQLServerOptions(
                server: try server.required("server"), port: try server.port() ?? 1433,
                database: try server.required("database"), user: try server.required("user"), password: password,
                encryption: try server.word("encryption", SQLServerOptions.Encryption.self) ?? .require,
                certificateAuthorities: server["authorities"]), now: Clock.now)
    }
}

/// A scheme whose server is not set.
private struct Unconfigured: SinkFactory {
    let scheme: String
    let missing: String

    func open(_ request: SinkRequest) throws -> any Sink {
        throw SinkError(
            code: .invalidURI, target: request.uri.description,
            message: "this worker knows no server for \(scheme)://; \(missing)")
    }

    func removeLeftovers() throws -> [String] { [] }
}
