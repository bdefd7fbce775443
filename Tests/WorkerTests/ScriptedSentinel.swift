import CasparianModel
import CasparianPluginRuntime
import CasparianSinks
import CasparianTransport
import CasparianWire
import CasparianWorker
import Foundation
import Logging
import ServiceLifecycle
import Synchronization
import Testing

/// Plugins that do what a test says; one is broken.
struct ScriptedPlugins: PluginRuntime {
    let makeOne: @Sendable () -> any PluginSlot

    func discover() async throws -> [PluginDescription] {
        [
            PluginDescription(name: "p", contentHash: String(repeating: "a", count: 64)),
            PluginDescription(name: "broken", loadError: "SyntaxError"),
        ]
    }

    func makeSlot() -> any PluginSlot { makeOne() }
}

/// A slot whose jobs last until they are let go or cancelled.
final class HeldSlot: PluginSlot {
    private struct State {
        var isCancelled = false
        var isLetGo = false
        var isShutDown = false
    }
    private let state = Mutex(State())

    var isShutDown: Bool { state.withLock { $0.isShutDown } }

    func run(_ invocation: PluginInvocation, output: any PluginOutput) throws {
        // A cancel that came while no job ran, or too late for the last one, is not for this one.
        state.withLock { $0.isCancelled = false }
        try output.write(numbers(3), topic: "output")
        while true {
            let now = state.withLock { $0 }
            if now.isCancelled || output.isCancelled {
                throw PluginError(code: .cancelled, plugin: "p", message: "stopped on request")
            }
            if now.isLetGo { return }
            usleep(1_000)
        }
    }

    func letGo() { state.withLock { $0.isLetGo = true } }
    func cancel() { state.withLock { $0.isCancelled = true } }
    func shutDown() { state.withLock { $0.isShutDown = true } }
}

/// A sentinel that says what the test tells it to.
final class ScriptedSentinel: Sendable {
    let hub = InProcessTransport()
    private let server: any MessageTransport
    private let state = Mutex((waiting: [WireMessage](), worker: PeerIdentity.sentinel))

    init() { server = hub.server }

    /// The worker's next message that is no heartbeat.
    func next() async throws -> WireMessage {
        while true {
            let message = try await nextOfAny()
            if message.operation != .heartbeat { return message }
        }
    }

    func nextHeartbeat() async throws -> HeartbeatPayload {
        while true {
            if case .heartbeat(let payload) = try await nextOfAny().body { return payload }
        }
    }

    private func nextOfAny() async throws -> WireMessage {
        while true {
            if let first = state.withLock({ $0.waiting.isEmpty ? nil : $0.waiting.removeFirst() }) { return first }
            var batches = server.incoming.makeAsyncIterator()
            guard let batch = await batches.next() else { throw CancellationError() }
            for message in batch where !message.frames.isEmpty {
                let decoded = try WireMessage.decode(message.frames)
                state.withLock { state in
                    state.waiting.append(decoded)
                    state.worker = message.peer
                }
            }
        }
    }

    func send(_ body: WireMessage.Body, job: UInt64 = 0) async throws {
        try await send(frames: WireMessage(jobID: job, body).encode())
    }

    func send(frames: [[UInt8]]) async throws {
        try await server.send(frames, to: state.withLock { $0.worker })
    }

    /// Says that the heartbeat is heard and its jobs are the worker's.
    func answer(_ heartbeat: HeartbeatPayload) async throws {
        try await send(
            .error(ErrorPayload(message: "", code: ErrorPayload.leaseCode, sequence: heartbeat.sequence)))
    }

    /// Answers every heartbeat until another message comes.
    func nextAnswering() async throws -> WireMessage {
        while true {
            let message = try await nextOfAny()
            guard case .heartbeat(let payload) = message.body else { return message }
            try await answer(payload)
        }
    }

    func order(
        _ job: UInt64, _ path: String, attempt: Int = 1, lease: Int? = nil, deadline: Int? = nil
    ) async throws {
        var payload = DispatchPayload(
            pluginName: "p", filePath: path,
            sinks: [SinkConfig(topic: "output", uri: "memory://t")], fileVersionID: 3)
        payload.attempt = attempt
        payload.leaseSeconds = lease
        payload.deadlineSeconds = deadline
        try await send(.dispatch(payload), job: job)
    }

    /// Runs a worker as long as the body does; the body may shut it down.
    func withWorker(
        _ workshop: Workshop, slots: Int = 1, heartbeat: Duration = .seconds(60), drainTimeout: Duration = .seconds(60),
        outputRoot: String? = nil, makeSlot: @escaping @Sendable () -> any PluginSlot,
        _ body: (_ shutDown: @escaping @Sendable () async -> Void) async throws -> Void
    ) async throws {
        let worker = Worker(
            transport: hub.connect(identity: PeerIdentity("w")), runtime: ScriptedPlugins(makeOne: makeSlot),
            runner: workshop.runner(),
            configuration: Worker.Configuration(
                workerID: "w", slots: slots, host: "here", pid: 7, version: "1", heartbeat: heartbeat,
                drainTimeout: drainTimeout, outputRoot: outputRoot),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [.init(service: worker, successTerminationBehavior: .gracefullyShutdownGroup)],
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            try await body { await group.triggerGracefulShutdown() }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }
}
