import CasparianTestKit
import Columnar
import Foundation
import Testing

@Suite struct CSVErrorTests {
    @Test(arguments: [0, 16, 64])
    func `A ragged row is told with its line and counts`(_ blockBytes: Int) throws {
        let rows = (2...200).map { $0 == 150 ? "1,2,3\n" : "\($0),x\n" }.joined()
        let error = try #require(columnarError { _ = try readCSV("a,b\n" + rows) { $0.blockBytes = blockBytes } })
        #expect(error.code == .malformed)
        #expect(error.line == 150)
        #expect(error.message == "expected 2 fields and found 3")
        #expect(error.subject.hasSuffix("input.csv"))
        #expect(error.description.contains("input.csv, line 150: expected 2 fields"))
    }

    @Test func `Lines inside quoted fields count`() throws {
        let error = columnarError { _ = try readCSV("a,b\n\"1\n2\r\n3\",x\n4\n") }
        #expect(error?.line == 5)
    }

    @Test func `Lines that end in CR count`() throws {
        #expect(columnarError { _ = try readCSV("a,b\r1,2\r3\r") }?.line == 3)
    }

    @Test(arguments: [0, 16])
    func `A quote that never closes is told where it opens`(_ blockBytes: Int) throws {
        let text = "a,b\n1,2\n3,\"x\n" + String(repeating: "5,6\n", count: 50)
        let error = columnarError { _ = try readCSV(text) { $0.blockBytes = blockBytes } }
        #expect(error?.code == .malformed)
        #expect(error?.line == 3)
        #expect(error?.message.contains("never closed") == true)
    }

    @Test func `Text after a closing quote is told`() throws {
        let error = columnarError { _ = try readCSV("a,b\n\"1\"x,2\n") }
        #expect(error?.code == .malformed)
        #expect(error?.line == 2)
        #expect(error?.message.contains("closing quote") == true)
    }

    @Test func `Bytes that are not UTF-8 are told with column, line and what to set`() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(Array("a,b\n1,x\n2,M".utf8) + [0xFC] + Array("ller\n".utf8))
        let error = columnarError { _ = try readCSVFile(path) }
        #expect(error?.code == .malformed)
        #expect(error?.line == 3)
        #expect(error?.message.contains("'b'") == true)
        #expect(error?.message.contains("latin1") == true)
    }

    @Test func `A character cut by a delimiter is not UTF-8`() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(Array("a,b\nx".utf8) + [0xC3] + Array(",".utf8) + [0xBC] + Array("y\n".utf8))
        #expect(columnarError { _ = try readCSVFile(path) }?.line == 2)
    }

    @Test func `A cell that does not fit a given type is told`() throws {
        let error = columnarError { _ = try readCSV("a,b\n1,2\nx,3\n") { $0.types = ["a": "int64"] } }
        #expect(error?.code == .malformed)
        #expect(error?.line == 3)
        #expect(error?.message == "column 'a': 'x' is not int64")
    }

    @Test func `A missing file, a folder and a file without permission are I/O errors`() throws {
        let folder = try TemporaryFolder()
        let missing = columnarError { _ = try readCSVFile(folder.file("none.csv")) }
        #expect(missing?.code == .io)
        #expect(missing?.message == "No such file or directory")
        #expect(columnarError { _ = try readCSVFile(folder.path) }?.code == .io)
    }

    @Test func `Half of a UTF-16 character is told`() throws {
        let folder = try TemporaryFolder()
        let lone = try folder.write([0xFF, 0xFE] + [UInt8]("a\0\n\0".utf8) + [0x00, 0xD8] + [UInt8]("x\0\n\0".utf8))
        #expect(columnarError { _ = try readCSVFile(lone) }?.code == .malformed)
        let cut = try folder.write([0xFF, 0xFE] + [UInt8]("a\0\n\0x\0\n".utf8), to: "cut.csv")
        #expect(columnarError { _ = try readCSVFile(cut) }?.message.contains("ends inside") == true)
    }
}
