import CasparianTestKit
import Columnar
import Testing

@Suite("CSV records that are no rows") struct CSVBadRecordTests {
    /// Rows as texts, and what was put aside as `line: reason: raw`.
    private func read(
        _ text: String, blockBytes: Int = 0, _ change: (inout CSVOptions) -> Void = { _ in }
    ) throws -> (rows: [[String?]], rejected: [String]) {
        let folder = try TemporaryFolder()
        let path = try folder.write(text, to: "a.csv")
        var options = CSVOptions()
        options.badRecords = .reject
        options.delimiter = UInt8(ascii: ",")
        options.blockBytes = blockBytes
        change(&options)
        let source = try BatchReader.csv(path: path, options: options)
        var rows: [[String?]] = []
        var rejected: [String] = []
        func take() throws {
            guard let batch = try source.takeRejected() else { return }
            for cells in try batch.cellTexts(rows: 0..<batch.rowCount) {
                rejected.append(cells.map { $0 ?? "null" }.joined(separator: ": "))
            }
        }
        while let batch = try source.next() {
            rows += try batch.cellTexts(rows: 0..<batch.rowCount)
            try take()
        }
        try take()
        return (rows, rejected)
    }

    private static let broken = """
        a,b
        1,2
        3
        4,5,6
        "x"y,7
        8,9
        10,"open
        11,12

        """

    @Test func `are put aside with their line, the reason and their text, and the others are rows`() throws {
        let found = try read(Self.broken)
        #expect(found.rows == [["1", "2"], ["8", "9"], ["11", "12"]])
        #expect(
            found.rejected == [
                "3: expected 2 fields and found 1: 3", "4: expected 2 fields and found 3: 4,5,6",
                "5: text follows a closing quote: \"x\"y,7", "7: a quote is opened and never closed: 10,\"open",
            ])
    }

    @Test func `are the same wherever blocks are cut`() throws {
        let lines = (0..<400).map { number -> String in
            switch number % 9 {
            case 3: "\(number)"
            case 5: "\(number),\"q\"x,1"
            case 7: "\(number),\"a\nb\"\"c\",d"
            default: "\(number),x\(number),\"y, z\""
            }
        }
        let text = (["a,b,c"] + lines).joined(separator: "\r\n") + "\r\n"
        let whole = try read(text)
        #expect(whole.rows.count == 311 && whole.rejected.count == 89)
        #expect(whole.rejected.last?.hasPrefix("445: ") == true, "\(whole.rejected.last ?? "")")
        for size in [16, 17, 61, 256, 1000, 4096] {
            let cut = try read(text, blockBytes: size) { $0.types = ["a": "int64", "b": "string", "c": "string"] }
            #expect(cut.rows == whole.rows && cut.rejected == whole.rejected, "blocks of \(size) bytes")
        }
    }

    @Test func `that are short are filled where that is wanted, and never a long one`() throws {
        let found = try read("a,b,c\n1\n2,3\n4,5,6,7\n") { $0.badRecords = .fill }
        #expect(found.rows == [["1", nil, nil], ["2", "3", nil]])
        #expect(found.rejected == ["4: expected 3 fields and found 4: 4,5,6,7"])
    }

    @Test func `fail the file where that is wanted, and the header is never one`() throws {
        #expect(columnarError { _ = try read("a,b\n1\n") { $0.badRecords = .fail } }?.line == 2)
        #expect(columnarError { _ = try read("a,\"b\n1,2\n") } != nil)
    }

    @Test func `do not make a type wider, and a later wider type still tells them all`() throws {
        let text = "a,b\n1,1\nx\n" + (0..<300).map { "\($0),1" }.joined(separator: "\n") + "\n1.5,2\ny\n"
        let error = columnarError { _ = try read(text, blockBytes: 256) }
        #expect(error?.widerTypes["a"] == "double")
        let found = try read(text, blockBytes: 256) { $0.types = ["a": "double"] }
        #expect(found.rows.count == 302 && found.rejected.map { $0.prefix(4) } == ["3: e", "305:"])
    }

    @Test func `that are no UTF-8 are shown as hexadecimal digits`() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(Array("a,b\n1,2\n".utf8) + [0xFF, 0x0A], to: "a.csv")
        var options = CSVOptions()
        options.badRecords = .reject
        let source = try BatchReader.csv(path: path, options: options)
        while try source.next() != nil {}
        #expect(try source.takeRejected()?.cellTexts(rows: 0..<1)[0][2] == "FF")
    }

    @Test(arguments: [16, 0]) func `are no comments, which are passed over wherever they stand`(_ blockBytes: Int)
        throws
    {
        let text = "# it's \"made\"\na,b\n1,2\n#, 3\n\"#\",4\r\n# end\r\n5,6\n#"
        let found = try read(text, blockBytes: blockBytes) { options in
            options.comment = UInt8(ascii: "#")
            options.types = ["a": "string"]
        }
        #expect(found.rows == [["1", "2"], ["#", "4"], ["5", "6"]] && found.rejected.isEmpty)
    }

    @Test func `Numbers may have a decimal comma, and a point is then no part of one`() throws {
        func types(_ cells: String...) throws -> [String?] {
            let folder = try TemporaryFolder()
            let path = try folder.write("a;b\n" + cells.map { "\($0);1" }.joined(separator: "\n") + "\n", to: "a.csv")
            var options = CSVOptions()
            options.hasDecimalComma = true
            let source = try BatchReader.csv(path: path, options: options)
            let batch = try #require(try source.next())
            return [source.schema.fields[0].type] + (try batch.cellTexts(rows: 0..<batch.rowCount).map { $0[0] })
        }
        #expect(try types("1,5", "-2,25", "3") == ["double", "1.5", "-2.25", "3"])
        #expect(try types("1,5", "1.500,5") == ["string", "1,5", "1.500,5"])
        #expect(try types("7", "8") == ["int64", "7", "8"])
        #expect(try types("2024-01-01 10:00:00.5")[0] == "timestamp[us]")
        #expect(try types("1,2,3") == ["string", "1,2,3"])
    }
}
