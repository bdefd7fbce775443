import CasparianTestKit
import Columnar
import Foundation
import Testing

/// Every type to every other: what is accepted is the same value, what is rejected is none of the type's.
@Suite struct ContractFidelityTests {
    static let targets =
        [
            "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64",
            "decimal(9, 0)", "decimal(10, 2)", "decimal(38, 10)", "decimal(38, 0)", "decimal(60, 20)", "date",
        ]
        + ["s", "ms", "us", "ns"].flatMap { ["time[\($0)]", "timestamp[\($0)]", "timestamp[\($0), UTC]"] }

    @Test(arguments: [1, 2])
    func `Python's exact numbers and dates agree about every value`(_ seed: Int) throws {
        let folder = try TemporaryFolder()
        let sources = try Python.run(ContractOracle.make, folder.path, "\(seed)").split(separator: " ")
        var pairs: [String] = []
        for source in sources {
            let batch = try #require(try BatchReader.ipc(path: folder.file("\(source).arrow")).next())
            for target in Self.targets {
                let contract = try RowContract(columns: [RowContract.Column(name: "c", type: target)])
                let sorted = try contract.sort(batch, firstRow: 1)
                let bytes = try sorted.accepted.encodeIPC()
                try Data(bytes).write(to: URL(fileURLWithPath: folder.file("\(pairs.count).accepted")))
                let rejected = try sorted.rejected?.cellTexts(rows: 0..<Int.max).compactMap { $0[0] } ?? []
                try folder.write(rejected.joined(separator: " "), to: "\(pairs.count).rejected")
                pairs.append("\(source)\t\(target)\t\(pairs.count)\n")
            }
        }
        try folder.write(pairs.joined(), to: "pairs.txt")
        let counts = try Python.run(ContractOracle.compare, folder.path).split(separator: " ").compactMap { Int($0) }
        #expect(counts.count == 3 && counts[0] == sources.count * Self.targets.count)
        #expect(counts[2] > counts[1] / 10 && counts[2] < counts[1], "\(counts)")
    }
}
