import CasparianTestKit
import Columnar
import Testing

@Suite struct CSVBlockTests {
    /// Rows with everything that a block border can fall into.
    static let text =
        "id,text,amount,when\r\n"
        + (1...60).map { row in
            let text =
                switch row % 5 {
                case 0: "\"line \(row)\r\nnext \"\"quoted\"\" line\""
                case 1: ""
                case 2: "\"\""
                case 3: "\"é🦜, \(row)\""
                default: "plain \(row)"
                }
            let end = row % 7 == 0 ? "\n" : "\r\n"
            return "\(row),\(text),\(row).25,2024-01-\(row % 9 + 10) 00:00:0\(row % 10)" + end
        }.joined()

    @Test func `The same rows come whatever the size of the blocks and the number of threads`() throws {
        let whole = try readCSV(Self.text)
        #expect(whole.rows.count == 60)
        #expect(whole.rows[4][1] == "line 5\r\nnext \"quoted\" line")
        for blockBytes in Array(16...96) + [200, 777, 2000] {
            let parts = try readCSV(Self.text) {
                $0.blockBytes = blockBytes
                $0.threads = blockBytes % 4 + 1
            }
            #expect(parts == whole, "blocks of \(blockBytes) bytes")
        }
    }

    @Test(arguments: ["\n", "\r\n", "\r"], [16, 17, 18, 19, 23])
    func `Rows stay in order over many blocks`(_ end: String, _ blockBytes: Int) throws {
        let lines = ["n,square"] + (0..<3000).map { "\($0),\($0 * $0)" }
        let table = try readCSV(lines.joined(separator: end)) { $0.blockBytes = blockBytes }
        #expect(table.rows == (0..<3000).map { ["\($0)", "\($0 * $0)"] })
    }

    @Test func `A record longer than a block is read whole`() throws {
        let long = String(repeating: "0123456789", count: 500)
        let table = try readCSV("a,b\n1,\"\(long)\n\(long)\"\n2,y\n") { $0.blockBytes = 16 }
        #expect(table.rows == [["1", "\(long)\n\(long)"], ["2", "y"]])
    }

    /// In a process of its own, where no other test takes memory.
    @Test(.enabled(if: !isSanitized)) func `Memory stays bounded however large the file is`() async {
        await #expect(processExitsWith: .success) {
            let folder = try TemporaryFolder()
            let path = folder.file("large.csv")
            try writeLargeCSV(to: path, megabytes: 96)
            let before = try residentPeakBytes()
            let source = try BatchReader.csv(path: path)
            var rows = 0
            let writer = try ParquetWriter(path: folder.file("large.parquet"), schema: source.schema)
            while let batch = try source.next() {
                rows += batch.rowCount
                try writer.write(batch)
            }
            #expect(try writer.finish().rows == Int64(rows))
            // The file is 96 MB and more than that as columns; read and written at once it must take a part of it.
            #expect(try residentPeakBytes() - before < 150 << 20)
        }
    }
}
