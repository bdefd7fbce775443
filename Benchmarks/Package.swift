// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "casparian-benchmarks",
    dependencies: [.package(name: "casparian-flow", path: "..")],
    targets: [
        .executableTarget(
            name: "micro-benchmarks",
            dependencies: [
                .product(name: "CasparianCatalog", package: "casparian-flow"),
                .product(name: "CasparianModel", package: "casparian-flow"),
                .product(name: "CasparianRouting", package: "casparian-flow"),
                .product(name: "CasparianWire", package: "casparian-flow"),
                .product(name: "SQLiteCatalog", package: "casparian-flow"),
            ],
            path: "Sources/MicroBenchmarks",
            swiftSettings: [.treatAllWarnings(as: .error), .enableUpcomingFeature("ExistentialAny")],
            linkerSettings: [.linkedLibrary("m")])
    ]
)
