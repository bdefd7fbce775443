// swift-tools-version: 6.2
import PackageDescription

// A plugin as a program. Build it with CASPARIAN_ONLY=CasparianPlugin in the environment, so that of the product's package only
// what a plugin needs is built; then put .build/release/Sales into the plugins folder as sales.plugin.
let package = Package(
    name: "sales-plugin",
    dependencies: [.package(name: "casparian-flow", path: "../..")],
    targets: [
        .executableTarget(
            name: "Sales", dependencies: [.product(name: "CasparianPlugin", package: "casparian-flow")])
    ]
)
