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
    case logging = "Logging/swift-log"
    case serviceLifecycle = "ServiceLifecycle/swift-service-lifecycle"

    var package: String { String(rawValue.split(separator: "/")[1]) }

    var dependency: Target.Dependency {
        .product(name: String(rawValue.split(separator: "/")[0]), package: package)
    }

    var source: Package.Dependency {
        switch self {
        case .argumentParser: .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0")
        case .configuration:
            .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: ["YAML"])
        case .crypto: .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0")
        case .grdb: .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0")
        case .logging: .package(url: "https://github.com/apple/swift-log", from: "1.16.0")
        case .serviceLifecycle: .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0")
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
    Module(name: "SQLiteCatalog", uses: ["CasparianCatalog"], products: [.grdb]),
    Module(name: "ParquetSink", uses: ["CasparianSinks", "CLinux"]),
    Module(name: "FileDiscovery", uses: ["CasparianModel", "CasparianRouting"], products: [.crypto]),
    Module(name: "PluginHost", uses: ["CasparianPluginRuntime", "CLinux"], products: [.crypto]),

    // Services.
    Module(name: "CasparianRegistration", uses: ["CasparianCatalog", "CasparianRouting"]),
    Module(
        name: "CasparianScout", uses: ["CasparianRegistration", "FileDiscovery"],
        products: [.logging, .serviceLifecycle]),
    Module(
        name: "CasparianSentinel", uses: ["CasparianRegistration", "CasparianScheduling", "CasparianTransport"],
        products: [.logging, .serviceLifecycle]),
    Module(
        name: "CasparianWorker",
        uses: ["CasparianWire", "CasparianTransport", "CasparianSinks", "CasparianPluginRuntime"],
        products: [.logging, .serviceLifecycle]),

    // Tests.
    Module(name: "CasparianTestKit", uses: ["CasparianModel", "CasparianCatalog"]),
    Module(name: "CasparianModelTests", kind: .test, uses: ["CasparianModel"]),
    Module(
        name: "CasparianWireTests", kind: .test, uses: ["CasparianWire", "CasparianTestKit"],
        resources: [.copy("Vectors")]),
    Module(
        name: "CasparianRoutingTests", kind: .test, uses: ["CasparianRouting", "CasparianTestKit"],
        resources: [.copy("Vectors")]),
    Module(name: "CasparianSchedulingTests", kind: .test, uses: ["CasparianScheduling", "CasparianTestKit"]),
    Module(name: "ColumnarTests", kind: .test, uses: ["Columnar"]),
    Module(
        name: "TransportTests", kind: .test, uses: ["ZeroMQTransport", "CasparianTransport", "CasparianWire"]),
    Module(
        name: "CatalogTests", kind: .test, uses: ["SQLiteCatalog", "CasparianCatalog", "CasparianTestKit"]),
    Module(name: "SinkTests", kind: .test, uses: ["ParquetSink", "CasparianSinks"]),
    Module(name: "PluginHostTests", kind: .test, uses: ["PluginHost"]),
    Module(name: "DiscoveryTests", kind: .test, uses: ["CasparianScout", "FileDiscovery", "CasparianCatalog"]),
    Module(
        name: "SentinelTests", kind: .test,
        uses: ["CasparianSentinel", "CasparianCatalog", "CasparianTransport", "CasparianTestKit"]),
    Module(
        name: "WorkerTests", kind: .test, uses: ["CasparianWorker", "PluginHost", "ParquetSink", "CasparianTestKit"]),
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
        return .target(name: module.name, cSettings: [.unsafeFlags(["-Wall", "-Wextra", "-Werror"])])
    case .cxx:
        return .target(
            name: module.name, dependencies: dependencies,
            cxxSettings: [.unsafeFlags(["-isystem", arrow + "/include", "-Wall", "-Wextra", "-Werror"])],
            linkerSettings: [
                .unsafeFlags(["-L" + arrow + "/lib", "-Xlinker", "-rpath", "-Xlinker", arrow + "/lib"]),
                .linkedLibrary("arrow"), .linkedLibrary("parquet"),
            ])
    case .swift:
        return .target(
            name: module.name, dependencies: dependencies,
            path: module.name == "CasparianTestKit" ? "Tests/CasparianTestKit" : nil, resources: module.resources,
            swiftSettings: swiftSettings)
    case .executable:
        return .executableTarget(name: module.name, dependencies: dependencies, swiftSettings: swiftSettings)
    case .test:
        return .testTarget(
            name: module.name, dependencies: dependencies, resources: module.resources, swiftSettings: swiftSettings)
    }
}

/// What the package in Benchmarks/ measures by itself.
let measured: Set<String> = [
    "CasparianModel", "CasparianWire", "CasparianRouting", "CasparianCatalog", "SQLiteCatalog",
]

let package = Package(
    name: "casparian-flow",
    products: kept.filter { $0.kind == .executable }.map { .executable(name: $0.name, targets: [$0.name]) }
        + kept.filter { measured.contains($0.name) }.map { .library(name: $0.name, targets: [$0.name]) },
    dependencies: Product.allCases.filter { product in kept.contains { $0.products.contains(product) } }.map(\.source),
    targets: kept.map(target),
    cxxLanguageStandard: .cxx20
)
