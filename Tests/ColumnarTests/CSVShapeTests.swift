import CasparianTestKit
import Columnar
import Foundation
import Testing

@Suite struct CSVShapeTests {
    @Test(arguments: [",", ";", "\t", "|"])
    func `The delimiter is found out`(_ delimiter: String) throws {
        let lines = [["a", "b", "c"], ["1", "x y", "2.5"], ["2", "z", "3"]]
        let table = try readCSV(lines.map { $0.joined(separator: delimiter) + "\n" }.joined())
        #expect(table.columns == ["a:int64", "b:string", "c:double"])
        #expect(table.rows == [["1", "x y", "2.5"], ["2", "z", "3"]])
    }

    @Test func `A delimiter inside quotes does not count when it is found out`() throws {
        let table = try readCSV("a;b\n\"1,2,3,4\";x\n\"5,6,7,8\";y\n")
        #expect(table.columns == ["a:string", "b:string"])
        #expect(table.rows == [["1,2,3,4", "x"], ["5,6,7,8", "y"]])
    }

    @Test(arguments: ["\n", "\r\n", "\r"])
    func `Lines end in LF, CRLF or CR`(_ end: String) throws {
        let table = try readCSV(["a,b", "1,x", "2,y"].joined(separator: end))
        #expect(table == Table(columns: ["a:int64", "b:string"], rows: [["1", "x"], ["2", "y"]]))
    }

    @Test func `Quotes keep delimiters, line ends and doubled quotes`() throws {
        let table = try readCSV("a,b\n\"x,\"\"y\"\"\",\"1\r\n2\n3\"\n\"\"\"\",5\" pipe\n")
        #expect(table.rows == [["x,\"y\"", "1\r\n2\n3"], ["\"", "5\" pipe"]])
    }

    @Test func `Quoted numbers are numbers`() throws {
        let table = try readCSV("a,b\n\"1\",\"007\"\n2,\"8\"\n")
        #expect(table == Table(columns: ["a:int64", "b:string"], rows: [["1", "007"], ["2", "8"]]))
    }

    @Test func `A byte order mark is dropped`() throws {
        let table = try readCSV("\u{FEFF}a,b\n1,2\n")
        #expect(table.columns == ["a:int64", "b:int64"])
    }

    @Test func `Names are made unique and empty ones numbered`() throws {
        let table = try readCSV("a,,a,a_1,a,\n1,2,3,4,5,6\n")
        let names = table.columns.map { String($0.prefix { $0 != ":" }) }
        #expect(names == ["a", "column_2", "a_2", "a_1", "a_3", "column_6"])
        #expect(table.rows == [["1", "2", "3", "4", "5", "6"]])
    }

    @Test func `Without a header columns are numbered`() throws {
        let table = try readCSV("1,x\n2,y\n") { $0.hasHeader = false }
        #expect(
            table == Table(columns: ["column_1:int64", "column_2:string"], rows: [["1", "x"], ["2", "y"]]))
    }

    @Test(arguments: ["", "\n\n"])
    func `An empty file has no columns and no rows`(_ text: String) throws {
        #expect(try readCSV(text) == Table(columns: [], rows: []))
    }

    @Test func `A header alone gives columns without rows`() throws {
        #expect(try readCSV("a,b\n") == Table(columns: ["a:string", "b:string"], rows: []))
        #expect(try readCSV("a,b") == Table(columns: ["a:string", "b:string"], rows: []))
    }

    @Test func `The last line needs no line end and may end in a delimiter`() throws {
        #expect(try readCSV("a,b\n1,").rows == [["1", nil]])
        #expect(try readCSV("a,b\n1,\"\"").rows == [["1", ""]])
    }

    @Test func `Empty lines are passed over and counted as lines`() throws {
        #expect(try readCSV("a,b\n\n1,2\n\n").rows == [["1", "2"]])
        #expect(columnarError { _ = try readCSV("a,b\n\n1,2\n\n3\n") }?.line == 5)
    }

    @Test func `Without a quote character quotes are text`() throws {
        let table = try readCSV("a,b\n\"1,2\"\n") { $0.quote = nil }
        #expect(table.rows == [["\"1", "2\""]])
    }

    @Test func `Text with NUL and emoji comes through`() throws {
        #expect(try readCSV("a,b\nx\u{0}y,🦜\n").rows == [["x\u{0}y", "🦜"]])
    }

    @Test func `Latin 1 becomes UTF-8`() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(Array("name,n\nM".utf8) + [0xFC] + Array("ller,1\n".utf8))
        for blockBytes in [0, 16] {
            let table = try readCSVFile(path) {
                $0.isLatin1 = true
                $0.blockBytes = blockBytes
            }
            #expect(table.rows == [["Müller", "1"]])
        }
    }

    @Test(arguments: [String.Encoding.utf16LittleEndian, .utf16BigEndian], [0, 16, 37])
    func `UTF-16 with a byte order mark is read as it is`(_ encoding: String.Encoding, _ blockBytes: Int) throws {
        let folder = try TemporaryFolder()
        let text = "\u{FEFF}a\tb\n" + (1...20).map { "\($0)\té🦜\($0)\n" }.joined()
        let path = try folder.write(try #require(text.data(using: encoding)))
        let table = try readCSVFile(path) { $0.blockBytes = blockBytes }
        #expect(table.columns == ["a:int64", "b:string"])
        #expect(table.rows == (1...20).map { ["\($0)", "é🦜\($0)"] })
    }
}
