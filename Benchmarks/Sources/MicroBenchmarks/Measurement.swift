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
            if repetition > 0 { nanoseconds.append((ContinuousClock.now - begin) / .nanoseconds(1)) }
        }
        precondition(used != .min, "the result is looked at")
        nanoseconds.sort()
        let median = nanoseconds[nanoseconds.count / 2]
        Self.report(
            part: name, operations: operations, nanosecondsEach: median / Double(operations),
            spread: (nanoseconds[nanoseconds.count - 1] - nanoseconds[0]) / median)
    }

    /// - Parameter spread: The slowest repetition minus the fastest, to the median; 0 where there was one.
    static func report(part: String, operations: Int, nanosecondsEach: Double, spread: Double) {
        print(
            "{\"part\": \"\(part)\", \"operations\": \(operations), \"ns_each\": \(Int(nanosecondsEach)), "
                + "\"per_s\": \(Int(1e9 / nanosecondsEach)), \"spread\": \(Double(Int(spread * 1000)) / 1000)}")
    }
}
