// swift-tools-version: 6.2
import PackageDescription

// The map of the house: one line per target, arrows point down only (docs/architecture.md).
// CASPARIAN_ONLY="TargetA,TargetB" narrows the package to those targets and what they need, so that a sanitizer
// build or a quick check compiles few packages.

let arrow = Context.packageDirectory + "/.deps/arrow"

enum Product: String, CaseIterable {
    case argumentParser = "ArgumentParser/swift-argument-parser"
    case configuration = "Configuration/swift-configuration"
    case crypto = "Crypto/swift-crypto"
    case grdb = "GRDB/GRDB.swift"
    case flyingFox = "FlyingFox/FlyingFox"
    case logging = "Logging/swift-log"
    case metrics = "CoreMetrics/swift-metrics"
    case serviceLifecycle = "ServiceLifecycle/swift-service-lifecycle"
    case yams = "Yams/Yams"

    var package: String { String(rawValue.split(separator: "/")[1]) }

    var dependency: Target.Dependency {
        .product(name: String(rawValue.split(separator: "/")[0]), package: package)
    }

    var source: Package.Dependency {
        switch self {
        case .argumentParser: .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0")
        case .configuration:
            .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: [])
        case .crypto: .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0")
        case .flyingFox: .package(url: "https://github.com/swhitty/FlyingFox", from: "0.27.1")
        case .grdb: .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0")
        case .logging: .package(url: "https://github.com/apple/swift-log", from: "1.16.0")
        case .metrics: .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0")
        case .serviceLifecycle: .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0")
        case .yams: .package(url: "https://github.com/jpsim/Yams", from: "6.2.0")
        }
    }
}

struct Module {
    enum Kind { case swift, c, cxx, system, test, executable }
    var name: String
    var kind: Kind = .swift
    var uses: [String] = []
    var products: [Product] = []
    var resources: [Resource] = []
    /// Of the system, to link; for C.
    var libraries: [String] = []
    /// Where its sources lie; nil for Sources/NAME, or Tests/NAME.
    var path: String?
}

let modules: [Module] = [
    // Values and pure cores: no I/O.
    Module(name: "CasparianModel"),
    Module(name: "CasparianWire", uses: ["CasparianModel"]),
    Module(name: "CasparianRouting", uses: ["CasparianModel"]),
    Module(name: "CasparianScheduling", uses: ["CasparianModel", "CasparianWire"]),

    // Linux calls that Swift does not show.
    Module(name: "CLinux", kind: .c),

    // Arrow, the language that data is spoken in on the data plane.
    Module(name: "CArrow", kind: .cxx),
    Module(name: "Columnar", uses: ["CArrow"]),

    // Contracts.
    Module(name: "CasparianTransport", uses: ["CasparianModel"]),
    Module(name: "CasparianCatalog", uses: ["CasparianModel"]),
    Module(name: "CasparianSinks", uses: ["CasparianModel", "Columnar"]),
    Module(name: "CasparianPluginRuntime", uses: ["CasparianModel", "Columnar"]),

    // Adapters.
    Module(name: "CZeroMQ", kind: .system),
    Module(name: "ZeroMQTransport", uses: ["CasparianTransport", "CZeroMQ"]),
    Module(name: "SQLiteCatalog", uses: ["CasparianCatalog", "CSQLite"], products: [.grdb]),
    Module(name: "StagingFiles", uses: ["CasparianSinks"]),
    Module(name: "ParquetSink", uses: ["CasparianSinks", "StagingFiles", "CLinux"]),
    Module(name: "CFreeTDS", kind: .c, libraries: ["sybdb"]),
    Module(name: "SQLServerSink", uses: ["CasparianSinks", "CFreeTDS"]),
    Module(name: "CSQLite", kind: .system),
    Module(name: "SQLiteSink", uses: ["CasparianSinks", "StagingFiles", "CSQLite"]),
    Module(name: "CPostgreSQL", kind: .system),
    Module(name: "PostgreSQLSink", uses: ["CasparianSinks", "CPostgreSQL"]),
    Module(name: "FileDiscovery", uses: ["CasparianModel", "CasparianRouting", "CLinux"], products: [.crypto]),
    Module(name: "PluginHost", uses: ["CasparianPluginRuntime", "CLinux"], products: [.crypto]),

    Module(name: "PrometheusMetrics", products: [.flyingFox, .logging, .metrics, .serviceLifecycle]),

    // What a plugin that is a program of its own is written with.
    Module(name: "CasparianPlugin", uses: ["CasparianModel", "Columnar"]),
    Module(name: "Sales", kind: .executable, uses: ["CasparianPlugin"], path: "Examples/swift-plugin/Sources/Sales"),

    // What columns can be, from what they hold.
    Module(name: "ContractInference", uses: ["CasparianSinks"]),

    // Services.
    Module(name: "CasparianRegistration", uses: ["CasparianCatalog", "CasparianRouting"]),
    Module(name: "CasparianPlanning", uses: ["CasparianCatalog", "CasparianRouting"]),
    Module(
        name: "CasparianScout", uses: ["CasparianRegistration", "FileDiscovery"],
        products: [.logging, .serviceLifecycle]),
    Module(
        name: "CasparianSentinel", uses: ["CasparianRegistration", "CasparianScheduling", "CasparianTransport"],
        products: [.logging, .metrics, .serviceLifecycle]),
    Module(
        name: "CasparianWorker",
        uses: ["CasparianWire", "CasparianTransport", "CasparianSinks", "CasparianPluginRuntime"],
        products: [.logging, .serviceLifecycle]),

    // Edge.
    Module(
        name: "CasparianCLI",
        uses: [
            "CasparianPlanning", "CasparianScout", "CasparianSentinel", "CasparianWorker", "ZeroMQTransport",
            "SQLiteCatalog", "ParquetSink",
            "SQLiteSink", "PostgreSQLSink", "SQLServerSink", "PluginHost", "PrometheusMetrics", "ContractInference",
        ],
        products: [.argumentParser, .configuration, .crypto, .logging, .metrics, .serviceLifecycle, .yams]),
    Module(name: "casparian", kind: .executable, uses: ["CasparianCLI"]),

    // Tests.
    Module(
        name: "CasparianTestKit", uses: ["CasparianModel", "CasparianCatalog", "CasparianSinks", "CasparianTransport"],
        path: "Tests/CasparianTestKit"),
    Module(name: "CasparianModelTests", kind: .test, uses: ["CasparianModel", "CasparianTestKit"]),
    Module(
        name: "CasparianWireTests", kind: .test, uses: ["CasparianWire", "CasparianTestKit"],
        resources: [.copy("Vectors")]),
    Module(
        name: "CasparianRoutingTests", kind: .test, uses: ["CasparianRouting", "CasparianTestKit"],
        resources: [.copy("Vectors")]),
    Module(name: "CasparianSchedulingTests", kind: .test, uses: ["CasparianScheduling"]),
    Module(name: "CasparianPlanningTests", kind: .test, uses: ["CasparianPlanning"]),
    Module(name: "ColumnarTests", kind: .test, uses: ["Columnar", "CasparianTestKit"]),
    Module(
        name: "SimulationTests", kind: .test,
        uses: ["CasparianScheduling", "CasparianWorker", "CasparianCatalog", "CasparianTestKit"]),
    Module(
        name: "TransportTests", kind: .test,
        uses: ["ZeroMQTransport", "CasparianTransport", "CasparianWire", "CasparianTestKit"]),
    Module(
        name: "CatalogTests", kind: .test,
        uses: ["SQLiteCatalog", "CasparianCatalog", "CasparianRegistration", "CasparianTestKit"]),
    Module(name: "SinkTests", kind: .test, uses: ["ParquetSink", "CasparianSinks", "CasparianTestKit"]),
    Module(name: "SQLiteSinkTests", kind: .test, uses: ["SQLiteSink", "CasparianTestKit"]),
    Module(name: "SQLServerSinkTests", kind: .test, uses: ["SQLServerSink", "CSQLite", "CasparianTestKit"]),
    Module(
        name: "PostgreSQLSinkTests", kind: .test, uses: ["PostgreSQLSink", "CasparianSinks", "CasparianTestKit"]),
    Module(
        name: "PluginHostTests", kind: .test, uses: ["PluginHost", "CasparianTestKit"], products: [.crypto]),
    Module(
        name: "DiscoveryTests", kind: .test,
        uses: ["CasparianScout", "FileDiscovery", "CasparianCatalog", "SQLiteCatalog", "CasparianTestKit"]),
    Module(
        name: "SentinelTests", kind: .test,
        uses: ["CasparianSentinel", "CasparianCatalog", "CasparianTransport", "PrometheusMetrics", "CasparianTestKit"],
        products: [.metrics]),
    Module(name: "MetricsTests", kind: .test, uses: ["PrometheusMetrics"], products: [.metrics]),
    Module(
        name: "WorkerTests", kind: .test,
        uses: ["CasparianWorker", "PluginHost", "ParquetSink", "SQLiteSink", "CasparianTestKit"]),
    Module(
        name: "FileChangeTests", kind: .test,
        uses: ["CasparianScout", "CasparianWorker", "CasparianCatalog", "PluginHost", "CasparianTestKit"]),
    Module(name: "ContractInferenceTests", kind: .test, uses: ["ContractInference"]),
    Module(name: "CasparianCLITests", kind: .test, uses: ["CasparianCLI", "CasparianTestKit"]),
]

let byName = Dictionary(uniqueKeysWithValues: modules.map { ($0.name, $0) })

func closure(of names: [String]) -> Set<String> {
    var seen: Set<String> = []
    var open = names
    while let name = open.popLast() {
        guard let module = byName[name], seen.insert(name).inserted else { continue }
        open += module.uses
    }
    return seen
}

let wanted =
    (Context.environment["CASPARIAN_ONLY"] ?? "").split(separator: ",").map(String.init)
let chosen = wanted.isEmpty ? Set(modules.map(\.name)) : closure(of: wanted)
let kept = modules.filter { chosen.contains($0.name) }

let swiftSettings: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
]

func target(_ module: Module) -> Target {
    let dependencies =
        module.uses.map { Target.Dependency.target(name: $0) } + module.products.map(\.dependency)
    switch module.kind {
    case .system:
        return .systemLibrary(name: module.name)
    case .c:
        return .target(
            name: module.name, cSettings: [.unsafeFlags(["-Wall", "-Wextra", "-Werror"])],
            linkerSettings: module.libraries.map { .linkedLibrary($0) })
    case .cxx:
        return .target(
            name: module.name, dependencies: dependencies,
            cxxSettings: [.unsafeFlags(["-isystem", arrow + "/include", "-Wall", "-Wextra", "-Werror"])],
            linkerSettings: [
                .unsafeFlags(["-L" + arrow + "/lib", "-Xlinker", "-rpath", "-Xlinker", arrow + "/lib"]),
                .linkedLibrary("arrow"), .linkedLibrary("parquet"), .linkedLibrary("archive"),
            ])
    case .swift:
        return .target(
            name: module.name, dependencies: dependencies,
            path: module.path, resources: module.resources,
            swiftSettings: swiftSettings)
    case .executable:
        return .executableTarget(
            name: module.name, dependencies: dependencies, path: module.path, swiftSettings: swiftSettings)
    case .test:
        return .testTarget(
            name: module.name, dependencies: dependencies, resources: module.resources, swiftSettings: swiftSettings)
    }
}

/// What the package in Benchmarks/ measures by itself.
let measured: Set<String> = [
    "CasparianModel", "CasparianWire", "CasparianRouting", "CasparianCatalog", "SQLiteCatalog",
]
let libraries = measured.union(["CasparianPlugin"])

let package = Package(
    name: "casparian-flow",
    products: kept.filter { $0.name == "casparian" }.map { .executable(name: $0.name, targets: [$0.name]) }
        + kept.filter { libraries.contains($0.name) }.map { .library(name: $0.name, targets: [$0.name]) },
    dependencies: Product.allCases.filter { product in kept.contains { $0.products.contains(product) } }.map(\.source),
    targets: kept.map(target),
    cxxLanguageStandard: .cxx20
)
