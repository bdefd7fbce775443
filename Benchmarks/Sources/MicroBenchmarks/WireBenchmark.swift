import CasparianModel
import CasparianWire

/// Encoding and decoding the two messages of every job.
enum WireBenchmark {
    static func run(isQuick: Bool) throws {
        let count = isQuick ? 2_000 : 50_000
        for (name, message) in messages {
            let frames = message.encode()
            Measurement(name: "wire: encode \(name)", operations: count, repetitions: 5).run {
                (0..<count).reduce(0) { sum, _ in sum &+ message.encode()[1].count }
            }
            try Measurement(name: "wire: decode \(name)", operations: count, repetitions: 5).run {
                try (0..<count).reduce(0) { sum, _ in sum &+ Int(try WireMessage.decode(frames).jobID) }
            }
        }
    }

    private static var messages: [(String, WireMessage)] {
        var dispatch = DispatchPayload(
            pluginName: "orders", filePath: "/data/incoming/2024/02/29/orders_000123.csv",
            sinks: [
                SinkConfig(topic: "output", uri: "parquet://orders/orders.parquet?compression=zstd"),
                SinkConfig(topic: "errors", uri: "parquet://orders/errors.parquet"),
            ],
            fileVersionID: 81_234)
        dispatch.attempt = 1
        dispatch.contentHash = String(repeating: "0123456789abcdef", count: 4)
        let receipt = JobReceipt(
            status: .success, metrics: ["rows": 15_000, "size_bytes": 420_000],
            artifacts: [
                Artifact(
                    topic: "output", uri: "parquet:///data/out/orders/orders_7.parquet", rows: 15_000, sizeBytes: 1)
            ],
            attempt: 1)
        return [
            ("DISPATCH", WireMessage(jobID: 7, .dispatch(dispatch))),
            ("CONCLUDE", WireMessage(jobID: 7, .conclude(receipt))),
        ]
    }
}
