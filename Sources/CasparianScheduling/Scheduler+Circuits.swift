import CasparianModel

/// Plugins that fail on everything are paused, so that a thousand files do not fail for one reason (circuit breaker).
struct Circuit {
    /// Jobs that failed for good since the last that succeeded.
    var failures = 0
    /// Nothing of the plugin begins before; then one job is tried.
    var pausedUntil: Duration?
    /// Pauses in a row.
    var pauses = 0
}

extension Scheduler {
    /// A job ended, for better or worse.
    mutating func note(
        _ receipt: JobReceipt, of plugin: String, isFinal: Bool, _ now: SchedulerTime
    ) -> [SchedulerAction] {
        guard receipt.status == .failed else {
            guard let circuit = circuits.removeValue(forKey: plugin), circuit.pausedUntil != nil else { return [] }
            return resume(plugin, "a job of '\(plugin)' succeeded")
        }
        // What became of the file, or what a person wants, tells nothing of the plugin.
        guard isFinal, receipt.cause != .cancelled, receipt.cause != .changed else { return [] }
        var circuit = circuits[plugin] ?? Circuit()
        circuit.failures += 1
        // Jobs that ran already when it was paused say nothing new.
        let isProbe = circuit.pausedUntil.map { $0 <= now.elapsed } ?? (circuit.failures >= policy.failuresInARow)
        guard isProbe else {
            circuits[plugin] = circuit
            return []
        }
        let pause = min(policy.pluginPause * (1 << min(circuit.pauses, 20)), policy.pluginPauseMax)
        circuit.pausedUntil = now.elapsed + pause
        circuit.pauses += 1
        circuits[plugin] = circuit
        let reason = Self.lastLine(receipt.errorMessage)
        return [
            .pause(
                PluginPause(
                    pluginName: plugin, until: now.wall.advanced(by: pause), failures: circuit.failures,
                    reason: reason)),
            .note(
                SchedulerNote(
                    .pluginPaused,
                    detail:
                        "'\(plugin)' for \(pause): \(circuit.failures) jobs in a row failed, the last one: \(reason)")),
        ]
    }

    /// A worker came with these plugins: one whose source is another now gets a new chance.
    mutating func noteSources(_ plugins: [PluginDescription]) -> [SchedulerAction] {
        var actions: [SchedulerAction] = []
        for plugin in plugins {
            let former = sources.updateValue(plugin.contentHash, forKey: plugin.name)
            guard let former, former != plugin.contentHash, let circuit = circuits.removeValue(forKey: plugin.name),
                circuit.pausedUntil != nil
            else { continue }
            actions += resume(plugin.name, "'\(plugin.name)' has changed")
        }
        return actions
    }

    private mutating func resume(_ plugin: String, _ reason: String) -> [SchedulerAction] {
        mayHaveWork = true
        return [.resume(plugin), .note(SchedulerNote(.pluginResumed, detail: reason))]
    }

    /// Jobs that paused plugins may begin: none, or one to try.
    public func pluginRooms(now: Duration) -> [String: Int] {
        var rooms: [String: Int] = [:]
        for (plugin, circuit) in circuits {
            guard let until = circuit.pausedUntil else { continue }
            let running = workers.values.reduce(0) { $0 + $1.jobs.values.count { $0.pluginName == plugin } }
            rooms[plugin] = until <= now && running == 0 ? 1 : 0
        }
        return rooms
    }

    /// Plugins of which nothing begins.
    public func pausedPlugins(now: Duration) -> Set<String> {
        Set(circuits.filter { ($0.value.pausedUntil ?? now) > now }.keys)
    }
}
