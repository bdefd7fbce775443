/// Parts by themselves: one JSON line each. `--quick` for a smaller version.
@main
enum MicroBenchmarks {
    static func main() async throws {
        let isQuick = CommandLine.arguments.contains("--quick")
        RoutingBenchmark.run(isQuick: isQuick)
        try WireBenchmark.run(isQuick: isQuick)
        try await CatalogBenchmark.run(isQuick: isQuick)
    }
}
