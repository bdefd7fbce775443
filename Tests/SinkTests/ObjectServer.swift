import CasparianTestKit
import Foundation

/// moto's S3 server on a free port of 127.0.0.1, for the tests of one process; it ends with the process.
final class ObjectServer: Sendable {
    struct CannotStart: Error, CustomStringConvertible {
        let description: String
    }

    let endpoint: String
    private let log: String

    /// Started once. Sets the environment variables by which AWS clients find it.
    static let shared = Result { try ObjectServer() }

    /// Tries to connect before giving up; the server's start takes seconds on a busy machine.
    private static let triesMax = 1200
    private static let pauseMicroseconds: UInt32 = 100_000

    private init() throws {
        log = NSTemporaryDirectory() + "casparian-moto-" + UUID().uuidString
        // Watches its standard input, and so ends when this process does, however that ends.
        let script = """
            import os, sys, threading
            from werkzeug.serving import make_server
            from moto.server import DomainDispatcherApplication, create_backend_app
            server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=True)
            print(server.server_port, flush=True)
            threading.Thread(target=server.serve_forever, daemon=True).start()
            sys.stdin.read()
            os.unlink(sys.argv[1])
            """
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Python.path)
        process.arguments = ["-c", script, log]
        try Data().write(to: URL(fileURLWithPath: log))
        let output = try FileHandle(forWritingTo: URL(fileURLWithPath: log))
        process.standardOutput = output
        process.standardError = output
        process.environment = ProcessInfo.processInfo.environment.merging(Self.settings) { $1 }
        try ProcessStart.alone {
            process.standardInput = ObjectServer.input
            try process.run()
        }
        var port: Int?
        for _ in 0..<Self.triesMax where port == nil && process.isRunning {
            usleep(Self.pauseMicroseconds)
            let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
            port = text.split(separator: "\n").first.flatMap { text.contains("\n") ? Int($0) : nil }
        }
        guard let port else {
            throw CannotStart(description: (try? String(contentsOfFile: log, encoding: .utf8)) ?? "no output")
        }
        endpoint = "http://127.0.0.1:\(port)"
        // Once for the whole process, before anything in it speaks S3. Threads that read the environment at this moment
        // may still see half of it.
        for (name, value) in Self.settings { setenv(name, value, 1) }
        setenv("AWS_ENDPOINT_URL", endpoint, 1)
    }

    /// As whom AWS clients come; where the server is comes to that.
    private static let settings = [
        "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true", "AWS_MAX_ATTEMPTS": "2",
    ]

    /// Its write end is closed by the end of this process.
    private static let input = ProcessStart.pipe()

    /// Makes a bucket; returns its name.
    func makeBucket() throws -> String {
        let name = "test-" + UUID().uuidString.lowercased()
        try python("call(argument, 'PUT')", name)
        return name
    }

    /// Runs a script that asks the server by plain HTTP, without a client's library, which takes a second to load.
    @discardableResult
    func python(_ script: String, _ argument: String, _ path: String = "") throws -> String {
        let ask = """
            import sys, urllib.request, urllib.parse, xml.etree.ElementTree as xml
            endpoint, argument, path = sys.argv[1:]
            def call(path, method='GET', body=None, query=''):
                url = endpoint + '/' + urllib.parse.quote(path) + query
                # The server reads the owner from it and checks no signature.
                signed = 'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0'
                headers = {'Content-Type': 'application/octet-stream', 'Authorization': signed}
                return urllib.request.urlopen(urllib.request.Request(url, body, headers, method=method)).read()
            def texts(path, query, tag):
                return [e.text for e in xml.fromstring(call(path, query=query)).iter() if e.tag.endswith('}' + tag)]

            """
        return try Python.run(ask + script, endpoint, argument, path)
    }

    /// Keys of a bucket, sorted.
    func keys(_ bucket: String) throws -> [String] {
        try python("print(*texts(argument, '?list-type=2', 'Key'), sep='\\n')", bucket)
            .split(separator: "\n").map(String.init).sorted()
    }

    /// How many uploads were begun and neither completed nor aborted.
    func openUploads(_ bucket: String) throws -> String {
        try python("print(len(texts(argument, '?uploads', 'UploadId')))", bucket)
    }

    /// Fetches an object into a file.
    func fetch(_ bucket: String, _ key: String, to path: String) throws {
        try python("open(path, 'wb').write(call(argument))", bucket + "/" + key, path)
    }
}
