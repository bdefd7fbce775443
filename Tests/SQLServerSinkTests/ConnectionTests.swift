import CasparianSinks
import CasparianTestKit
import Columnar
import Foundation
import Testing

@testable import SQLServerSink

@Suite struct ConnectionTests {
    private static let batch = Result { try RecordBatch(columns: [("a", .string(["é🦉"]))]) }

    /// PEM files of a self-signed certificate for `localhost`: with its key, and without.
    private static func makeCertificate(in folder: TemporaryFolder) throws -> (both: String, public: String) {
        let made = Process()
        made.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        made.arguments = [
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost", "-keyout", folder.file("key.pem"), "-out", folder.file("certificate.pem"),
        ]
        made.standardError = FileHandle.nullDevice
        try made.run()
        made.waitUntilExit()
        #expect(made.terminationStatus == 0)
        let parts = try ["key.pem", "certificate.pem"].map {
            try String(contentsOfFile: folder.file($0), encoding: .utf8)
        }
        return (try folder.write(parts.joined(), to: "both.pem"), folder.file("certificate.pem"))
    }

    private func run(_ server: TDSServer, _ options: SQLServerOptions) throws -> Int64? {
        let sink = try SQLServerSinkFactory(options) { .first }.open(Job(server: server).request)
        try Job(server: server).write(Self.batch.get(), to: sink)
        try sink.prepare()
        return try sink.commit()?.rows
    }

    @Test func `Encryption is spoken as asked, and the server's certificate checked where authorities are named`()
        throws
    {
        let folder = try TemporaryFolder()
        let certificate = try Self.makeCertificate(in: folder)
        let other = try Self.makeCertificate(in: TemporaryFolder())
        let server = try TDSServer(["--certificate", certificate.both])
        for encryption in SQLServerOptions.Encryption.allCases {
            #expect(try run(server, server.options(encryption: encryption)) == 1, "\(encryption)")
        }
        var options = server.options(encryption: .require)
        options.certificateAuthorities = certificate.public
        options.server = "localhost"
        #expect(try run(server, options) == 1)
        options.certificateAuthorities = other.public
        let error = #expect(throws: SinkError.self) { try run(server, options) }
        #expect(error?.code == .unreachable)
        #expect(try Store(path: server.store).rows("SELECT a FROM \"dbo.t\"") == [["é🦉"]])
    }

    @Test func `A server without encryption is refused where encryption is required`() throws {
        let server = try TDSServer()
        let error = #expect(throws: SinkError.self) { try run(server, server.options(encryption: .require)) }
        #expect(error?.code == .unreachable && error?.message.contains("encryption (require)") == true)
        #expect(try run(server, server.options(encryption: .request)) == 1)
    }

    @Test func `A connection leaves no file behind`() throws {
        let server = try TDSServer()
        func files() throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: NSTemporaryDirectory()).filter {
                $0.hasPrefix("casparian-tds-")
                    && (try? String(contentsOfFile: NSTemporaryDirectory() + $0 + "/freetds.conf", encoding: .utf8))?
                        .contains("port = \(server.port)\n") == true
            }
        }
        _ = try run(server, server.options())
        #expect(try files().isEmpty)
    }

    @Test func `Settings cannot smuggle lines into FreeTDS's configuration`() throws {
        let server = try TDSServer()
        var options = server.options()
        options.server = "127.0.0.1\nencryption = off"
        #expect(throws: SinkError.self) { try run(server, options) }
    }
}

@Suite struct SQLServerPlaceTests {
    @Test(
        arguments: [
            ("mssql://t", "dbo", "t", "mssql://dbo.t"), ("mssql://s.t", "s", "t", "mssql://s.t"),
            ("mssql://[a.b]", "dbo", "a.b", "mssql://dbo.[a.b]"),
            ("mssql://[a]]b].[c d]", "a]b", "c d", "mssql://[a]]b].c d"),
            ("mssql:///etc/passwd", "dbo", "/etc/passwd", "mssql://dbo./etc/passwd"),
        ] as [(String, String?, String?, String?)])
    func `A place is a schema and a table`(_ uri: String, _ schema: String?, _ table: String?, _ artifact: String?)
        throws
    {
        let place = try? SQLServerPlace(uri: SinkURI(uri))
        #expect(place?.table == table && place?.artifactURI == artifact)
        if table != nil { #expect(place?.schema == schema) }
    }

    @Test(arguments: [
        "mssql://a.b.c", "mssql://../x", "mssql://a/../x", "mssql://a.", "mssql://.a", "mssql://[a", "mssql://a]",
        "mssql://[a]b", "mssql://a[b]",
        "mssql://a\nb", "mssql://_casparian_ledger", "mssql://x._CASPARIAN_LEDGER",
        "mssql://\(String(repeating: "x", count: 105))", "mssql://\(String(repeating: "x", count: 129)).t",
    ])
    func `What names no table is refused before anything is asked`(_ uri: String) throws {
        let error = #expect(throws: SinkError.self) { try SQLServerPlace(uri: SinkURI(uri)) }
        #expect(error?.code == .invalidURI)
    }

    @Test(arguments: ["create=maybe", "nvarchar=0", "nvarchar=4001", "nvarchar=x", "chunksize=0", "compression=zstd"])
    func `An option that means nothing is refused`(_ option: String) throws {
        let error = #expect(throws: SinkError.self) { try SQLServerURIOptions(SinkURI("mssql://t?\(option)")) }
        #expect(error?.code == .invalidURI)
    }

    @Test func `Texts and names are quoted, and what a literal would change is given as bytes`() {
        #expect(SQLServerName.quoted("a]b[c") == "[a]]b[c]")
        #expect(SQLServerName.literal("it's") == "N'it''s'")
        #expect(SQLServerName.literal("a\\\nb") == "CAST(0x61005c000a006200 AS nvarchar(max))")
    }
}
