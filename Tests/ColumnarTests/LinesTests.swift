import CasparianTestKit
import Columnar
import Testing

@Suite struct LinesTests {
    func read(_ bytes: [UInt8], isLatin1: Bool = false) throws -> Table {
        let folder = try TemporaryFolder()
        return try Table(BatchReader.lines(path: try folder.write(bytes, to: "input.log"), isLatin1: isLatin1))
    }

    @Test func `Every line is a row with its number`() throws {
        let table = try read(Array("first\r\n\nthird 🦜\nlast".utf8))
        #expect(table.columns == ["line_number:int64", "line:string"])
        #expect(table.rows == [["1", "first"], ["2", ""], ["3", "third 🦜"], ["4", "last"]])
        #expect(try read(Array("x\n".utf8)).rows == [["1", "x"]])
        #expect(try read([]).rows == [])
    }

    @Test func `Line numbers go on over many reads`() throws {
        let lines = (1...200_000).map { "line number \($0)" }
        let table = try read(Array(lines.joined(separator: "\n").utf8))
        #expect(table.rows.count == 200_000)
        #expect(table.rows[199_999] == ["200000", "line number 200000"])
        #expect(table.rows.map { $0[1] } == lines)
    }

    @Test func `Bytes that are not UTF-8 are told with their line, and read as Latin 1 if asked`() throws {
        let bytes = Array("one\nM".utf8) + [0xFC] + Array("ller\n".utf8)
        let error = columnarError { _ = try read(bytes) }
        #expect(error?.code == .malformed)
        #expect(error?.line == 2)
        #expect(try read(bytes, isLatin1: true).rows[1] == ["2", "Müller"])
    }
}
