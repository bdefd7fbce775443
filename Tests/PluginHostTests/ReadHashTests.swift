import CasparianModel
import CasparianTestKit
import Columnar
import Crypto
import Foundation
import PluginHost
import Synchronization
import Testing

/// The hash of what a built-in reader read.
@Suite struct ReadHashTests {
    let plugins: Plugins
    let slot = NativeReaders().makeSlot()
    init() throws { plugins = try Plugins() }

    struct Sample: CustomTestStringConvertible {
        let plugin: String
        let what: String
        let bytes: [UInt8]
        var parameters: String?
        var textColumns: Set<String> = []
        var testDescription: String { "\(plugin): \(what)" }

        init(
            _ plugin: String, _ what: String, _ text: String, _ parameters: String? = nil, textColumns: Set<String> = []
        ) {
            (self.plugin, self.what, bytes) = (plugin, what, Array(text.utf8))
            (self.parameters, self.textColumns) = (parameters, textColumns)
        }

        init(_ plugin: String, _ what: String, bytes: [UInt8]) {
            (self.plugin, self.what, self.bytes) = (plugin, what, bytes)
        }
    }

    private static func rows(_ count: Int, last: String = "0") -> String {
        "n,value\n" + (0..<count).map { "\($0),\($0 * 7)\n" }.joined() + "0,\(last)\n"
    }

    private static func utf16(_ text: String) -> [UInt8] {
        [0xff, 0xfe] + text.utf16.flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] }
    }

    static let samples = [
        Sample("csv", "small", "a,b\n1,2\n"), Sample("csv", "empty", ""), Sample("csv", "only a header", "a,b\n"),
        Sample("csv", "only empty lines", "\n\n\n"), Sample("csv", "no end of line", "a,b\n1,2"),
        Sample("csv", "another delimiter", "a;b\n1;2,5\n"), Sample("csv", "many blocks", rows(600_000)),
        Sample("csv", "a late cell that needs a wider type", rows(600_000, last: "x")),
        Sample("csv", "columns that are wanted as text", rows(300_000), textColumns: ["value"]),
        Sample("csv", "byte order mark", bytes: [0xef, 0xbb, 0xbf] + Array("a,b\n1,2\n".utf8)),
        Sample("csv", "UTF-16", bytes: utf16(rows(300_000))),
        Sample("csv", "latin1", "a,b\n1,é\n", #"{"encoding": "latin1"}"#),
        Sample("jsonl", "small", "{\"a\": 1}\n"), Sample("jsonl", "empty", ""),
        Sample("jsonl", "an array and space behind it", "[{\"a\": 1}, {\"a\": 2}] \n\n \n"),
        Sample("jsonl", "many blocks", (0..<300_000).map { "{\"a\": \($0)}\n" }.joined()),
        Sample(
            "jsonl", "columns that are wanted as text", (0..<300_000).map { "{\"a\": \($0)}\n" }.joined(),
            textColumns: ["a"]),
        Sample("lines", "small", "a\nb"), Sample("lines", "empty", ""),
        Sample("lines", "many blocks", rows(600_000)), Sample("lines", "UTF-16", bytes: utf16(rows(300_000))),
    ]

    private func hash(_ sample: Sample, file: String = "input.txt") throws -> Collected {
        try Data(sample.bytes).write(to: URL(fileURLWithPath: plugins.file(file)))
        return try read(sample, file: file)
    }

    private func read(_ sample: Sample, file: String) throws -> Collected {
        var invocation = plugins.invocation(
            sample.plugin, parameters: sample.parameters, textColumns: sample.textColumns)
        invocation.filePath = plugins.file(file)
        invocation.wantsContentHash = true
        let output = Collected()
        try slot.run(invocation, output: output)
        return output
    }

    private func expected(_ file: String) throws -> ContentHash {
        ContentHash(digest: SHA256.hash(data: try Data(contentsOf: URL(fileURLWithPath: plugins.file(file)))))
    }

    @Test("is that of the file", arguments: samples)
    func hashes(_ sample: Sample) throws {
        #expect(slot.reportsContentHash(of: sample.plugin))
        #expect(try hash(sample).contentHash == expected("input.txt"))
    }

    @Test("is that of the file as it lies there when it is compressed", arguments: ["csv", "jsonl", "lines"])
    func compressed(_ plugin: String) throws {
        let sample = Sample(plugin, "", (0..<200_000).map { "{\"a\": \($0)}\n" }.joined())
        try Data(sample.bytes).write(to: URL(fileURLWithPath: plugins.file("input.txt")))
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/gzip")
        process.arguments = ["-k", plugins.file("input.txt")]
        try process.run()
        process.waitUntilExit()
        let output = try read(sample, file: "input.txt.gz")
        #expect(try output.contentHash == expected("input.txt.gz"))
        #expect(try output.table().rows.count == (plugin == "csv" ? 199_999 : 200_000))
    }

    @Test("is that of the last pass: one new start for wider types, and one of what came before")
    func restarts() throws {
        let sample = try #require(Self.samples.first { $0.what.contains("wider") })
        let output = try hash(sample)
        #expect(try output.restarts == 1 && output.contentHash == expected("input.txt"))
    }

    @Test("is not told when nobody wants it, when the reader fails, or of Parquet, which is not read in order")
    func untold() throws {
        #expect(!slot.reportsContentHash(of: "parquet") && !slot.reportsContentHash(of: "none"))
        try Data("a\n1\n".utf8).write(to: URL(fileURLWithPath: plugins.file("input.txt")))
        let output = Collected()
        try slot.run(plugins.invocation("csv"), output: output)
        #expect(output.contentHash == nil)
        let failing = Collected()
        var invocation = plugins.invocation("csv")
        invocation.wantsContentHash = true
        invocation.parameters = #"{"ragged": "error"}"#
        try Data("a,b\n1,2,3\n".utf8).write(to: URL(fileURLWithPath: plugins.file("input.txt")))
        #expect(pluginError { try slot.run(invocation, output: failing) }?.code == .unreadable)
        #expect(failing.contentHash == nil)
    }

    /// Counts what is read.
    final class Count: ByteObserver {
        let bytes = Mutex(0)
        func see(_ bytes: UnsafeRawBufferPointer) { self.bytes.withLock { $0 += bytes.count } }
    }

    @Test("is made of each byte once, whatever the blocks, in order")
    func bytes() throws {
        let path = plugins.file("input.txt")
        let text = Self.rows(2_000)
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        for blockBytes in [16, 100, 4096, 0] {
            var options = CSVOptions()
            options.blockBytes = blockBytes
            let count = Count()
            let source = try BatchReader.csv(path: path, options: options, observer: count)
            while try source.next() != nil {}
            try source.readRest()
            #expect(count.bytes.withLock { $0 } == text.utf8.count)
        }
    }
}
