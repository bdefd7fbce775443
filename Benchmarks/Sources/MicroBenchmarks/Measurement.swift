/// One measured part, printed as a JSON line.
struct Measurement {
    let name: String
    /// Operations in one repetition.
    let operations: Int
    /// Counted repetitions, after one that is not counted.
    let repetitions: Int

    /// Runs the body and prints the median.
    ///
    /// - Parameter body: Does all operations once; what it returns is used, so that nothing is optimized away.
    func run(_ body: () throws -> Int) rethrows {
        var nanoseconds: [Double] = []
        var used = 0
        for repetition in 0...repetitions {
            let begin = ContinuousClock.now
            used &+= try body()
            let (seconds, attoseconds) = (ContinuousClock.now - begin).components
            if repetition > 0 { nanoseconds.append(Double(seconds) * 1e9 + Double(attoseconds) / 1e9) }
        }
        nanoseconds.sort()
        let each = nanoseconds[nanoseconds.count / 2] / Double(operations)
        let spread = (nanoseconds[nanoseconds.count - 1] - nanoseconds[0]) / nanoseconds[nanoseconds.count / 2]
        print(
            "{\"part\": \"\(name)\", \"operations\": \(operations), \"ns_each\": \(rounded(each)), "
                + "\"per_s\": \(Int(1e9 / each)), \"spread\": \(rounded(spread)), \"check\": \(used & 0xffff)}")
    }

    private func rounded(_ value: Double) -> Double { Double(Int(value * 1000 + 0.5)) / 1000 }
}
