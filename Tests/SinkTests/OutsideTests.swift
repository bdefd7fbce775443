import CasparianSinks
import CasparianTestKit
import Foundation
import ParquetSink
import Testing

/// Nothing is written outside the output folder, whatever links lie in it.
@Suite struct OutsideTests {
    let folder: TemporaryFolder
    var root: String { folder.file("out") }

    init() throws {
        folder = try TemporaryFolder()
        try folder.write("keep", to: "away/notes.txt")
        try folder.write("keep", to: "out/inside/notes.txt")
    }

    private func link(_ name: String, to target: String) {
        #expect(symlink(target, root + "/" + name) == 0)
    }

    private func expectUntouched(sourceLocation: SourceLocation = #_sourceLocation) {
        let away = folder.entries().filter { $0.hasPrefix("away/") }
        #expect(away == ["away/notes.txt"], sourceLocation: sourceLocation)
        let text = try? String(contentsOfFile: folder.file("away/notes.txt"), encoding: .utf8)
        #expect(text == "keep", sourceLocation: sourceLocation)
    }

    @Test(
        arguments: ["", "?partition=n"], ["parquet://link/t.parquet", "parquet://link", "parquet://a/link/b/t.parquet"])
    func `A folder that a link leads out of is refused before anything is read, and named`(
        _ options: String, _ uri: String
    ) throws {
        try FileManager.default.createDirectory(atPath: root + "/a", withIntermediateDirectories: true)
        link("link", to: folder.file("away"))
        link("a/link", to: "../../away")
        let error = #expect(throws: SinkError.self) { try Job(root: root, uri: uri + options).open() }
        #expect(error?.code == .rejected && error?.target.hasSuffix("/link") == true, "\(error?.description ?? "")")
        #expect(error?.message.contains("outside the output folder") == true)
        expectUntouched()
    }

    @Test func `A link that leads nowhere is refused`() throws {
        link("link", to: folder.file("none"))
        let error = #expect(throws: SinkError.self) { try Job(root: root, uri: "parquet://link/t.parquet").open() }
        #expect(error?.target == root + "/link" && error?.message.contains("leads nowhere") == true)
    }

    @Test func `A link that is put there after opening is refused at the first row, and before the promotion`() throws {
        let early = try Job(root: root, uri: "parquet://early/t.parquet").open()
        link("early", to: folder.file("away"))
        #expect(throws: SinkError.self) { try early.write(Job(root: root).batch(rows: 2)) }
        let late = try Job(root: root, uri: "parquet://late/t.parquet").open()
        try late.write(Job(root: root).batch(rows: 2))
        try late.prepare()
        #expect(rename(root + "/late", root + "/moved") == 0)
        link("late", to: folder.file("away"))
        #expect(throws: SinkError.self) { _ = try late.commit() }
        expectUntouched()
    }

    @Test(arguments: ["t_7.parquet.stg.7", "t_7.parquet"])
    func `A link in the place of a job's own file is not followed`(_ name: String) throws {
        link(name, to: folder.file("away/notes.txt"))
        #expect(throws: SinkError.self) { _ = try Job(root: root).run(rows: 2) }
        expectUntouched()
    }

    @Test func `Links that stay below the output folder, and an output folder that is one, are used`() throws {
        link("link", to: "inside")
        #expect(try Job(root: root, uri: "parquet://link/t.parquet").run(rows: 2)?.rows == 2)
        #expect(FileManager.default.fileExists(atPath: root + "/inside/t_7.parquet"))
        #expect(symlink("out", folder.file("other")) == 0)
        #expect(try Job(root: folder.file("other"), uri: "parquet://b/t.parquet").run(rows: 2)?.rows == 2)
        #expect(FileManager.default.fileExists(atPath: root + "/b/t_7.parquet"))
        expectUntouched()
    }

    @Test func `A sweep does not follow links out of the output folder`() throws {
        try folder.write("x", to: "elsewhere/t_1.parquet.stg.1")
        link("link", to: folder.file("elsewhere"))
        #expect(try ParquetSinkFactory(outputRoot: root).removeLeftovers().isEmpty)
        #expect(FileManager.default.fileExists(atPath: folder.file("elsewhere/t_1.parquet.stg.1")))
    }

    @Test(arguments: ["a'b\"c", "a\nb", "a;drop", "*[", " ", "-rf", "a&b", "$(x)", "é"])
    func `Names of any kind stay below the output folder`(_ name: String) throws {
        let artifact = try Job(root: root, uri: "parquet://\(name)/\(name).parquet").run(rows: 2)
        #expect(artifact?.uri.hasPrefix("parquet://\(root)/") == true)
        #expect(folder.files().contains { $0.hasPrefix("out/") && $0.hasSuffix("_7.parquet") })
        expectUntouched()
    }
}
