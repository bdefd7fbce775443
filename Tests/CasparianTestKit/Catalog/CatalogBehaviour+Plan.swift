import CasparianCatalog
import CasparianModel
import Testing

extension CatalogBehaviour {
    private static func identity(_ catalog: any Catalog) async throws -> WorkIdentity? {
        try await catalog.configuration(registering: [], now: now).identities["p"]
    }

    static let plans = [
        CatalogBehaviour("work tells of each version and plugin the newest job, and what it was handed out with") {
            catalog async throws in
            let root = try await catalog.queueJobs([1, 2])
            let before = try await catalog.work(root: root)
            #expect(before.count == 2 && before.allSatisfy { $0.identity == nil && $0.status == .queued })
            _ = try await catalog.claim(worker("w", 1, ["p"]))
            let configuration = try await catalog.configuration(registering: [], now: now)
            let identity = try #require(configuration.identities["p"])
            let running = try #require(try await catalog.work(root: root).first { $0.status == .running })
            #expect(running.identity == identity && identity.pluginHash == nil)
            let other = try await catalog.addSourceRoot(path: "/other").id
            #expect(try await catalog.work(root: other).isEmpty)
        },
        CatalogBehaviour("a plugin's identity changes with its source, its topics and its parameters") {
            catalog async throws in
            _ = try await catalog.register([plugin("p", 1)], now: now)
            let first = try #require(try await identity(catalog))
            #expect(first.pluginHash == hash(1).hex)
            _ = try await catalog.register([plugin("p", 2)], now: now)
            let second = try #require(try await identity(catalog))
            #expect(second.pluginHash == hash(2).hex && second.configurationHash == first.configurationHash)
            try await catalog.setTopicConfig(
                plugin: "p", sink: SinkConfig(topic: "t", uri: "parquet://x"), isAdditional: false)
            let third = try #require(try await identity(catalog))
            #expect(third.configurationHash != second.configurationHash)
            try await catalog.setPluginConfig(
                PluginConfig(pluginName: "p", subscriptionTags: ["auto_p"], defaultParameters: "{}"))
            #expect(try await identity(catalog)?.configurationHash != third.configurationHash)
        },
        CatalogBehaviour("what a registration would leave can be asked for, and nothing is changed") {
            catalog async throws in
            let wanted = plugin("p", 1, PluginManifest(pattern: "*.a", topic: "t"))
            let configuration = try await catalog.configuration(registering: [wanted], now: now)
            #expect(configuration.rules.map(\.pattern) == ["*.a"])
            #expect(configuration.plugins.map(\.pluginName) == ["p"])
            #expect(configuration.identities["p"]?.pluginHash == hash(1).hex)
            #expect(try await catalog.routingRules().isEmpty)
            #expect(try await catalog.pluginConfigs().isEmpty)
            #expect(try await catalog.pluginVersions().isEmpty)
            #expect(try await catalog.topicConfigs(plugin: nil).isEmpty)
        },
        CatalogBehaviour("a rerun is a new job beside the one that ended, and none beside one that waits or runs") {
            catalog async throws in
            let root = try await catalog.queueJobs([1])
            let version = try #require(try await catalog.knownFiles(root: root).first?.version?.id)
            let wanted = [Rerun(fileVersionID: version, pluginName: "p", priority: 7)]
            #expect(try await catalog.rerun(wanted, now: now).queuedJobs == 0)
            let job = try await catalog.claim(worker("w", 1, ["p"]))[0].jobID
            #expect(try await catalog.rerun(wanted, now: now).queuedJobs == 0)
            #expect(try await catalog.conclude(job, success([])))
            #expect(try await catalog.rerun(wanted + wanted, now: now).queuedJobs == 1)
            let again = try await catalog.claim(worker("w", 9, ["p"]))
            #expect(again.count == 1 && again[0].jobID != job && again[0].fileVersionID == version)
            #expect(try await catalog.job(id: job)?.job.status == .completed)
            #expect(try await catalog.work(root: root).count == 1)
            await expectInvalid {
                _ = try await catalog.rerun(
                    [Rerun(fileVersionID: 999, pluginName: "p", priority: 0)], now: now)
            }
        },
    ]
}
