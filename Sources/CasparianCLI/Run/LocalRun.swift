import CasparianModel
import CasparianPluginRuntime
import CasparianSinks
import CasparianWorker
import Foundation
import ServiceLifecycle
import Synchronization

/// Runs jobs on threads of this process, several at once. A signal stops them; nothing of a stopped job is left.
struct LocalRun: Service {
    /// How jobs are run.
    struct Options: Sendable {
        var slots: Int
        /// Rows of each topic to keep; 0 for no preview.
        var previewRows: Int
        var stopsWhenFull: Bool
    }

    private struct State {
        var next = 0
        var isStopped = false
        var slots: [any PluginSlot] = []
    }

    /// Shared by the threads; a class, because a mutex cannot be copied with its owner.
    private final class Shared: Sendable {
        let state = Mutex(State())
    }

    let jobs: [LocalJob]
    let runner: JobRunner
    let options: Options
    let makeSlot: @Sendable () -> any PluginSlot
    /// Called with a job's index and the rows so far, from any thread.
    let onProgress: @Sendable (Int, Int64) -> Void
    /// Called once for each job with its index, from any thread.
    let onResult: @Sendable (Int, LocalJobResult) -> Void
    private let shared = Shared()

    init(
        jobs: [LocalJob], runner: JobRunner, options: Options, makeSlot: @escaping @Sendable () -> any PluginSlot,
        onProgress: @escaping @Sendable (Int, Int64) -> Void,
        onResult: @escaping @Sendable (Int, LocalJobResult) -> Void
    ) {
        self.jobs = jobs
        self.runner = runner
        self.options = options
        self.makeSlot = makeSlot
        self.onProgress = onProgress
        self.onResult = onResult
    }

    func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await workOnThreads() }
            group.addTask { await stopOnRequest() }
            await group.next()
            group.cancelAll()
        }
    }

    /// True if a signal ended it before all was done.
    var wasStopped: Bool { shared.state.withLock(\.isStopped) }

    private func workOnThreads() async {
        await withCheckedContinuation { continuation in
            let group = DispatchGroup()
            for number in 0..<min(options.slots, jobs.count) {
                group.enter()
                let thread = Thread {
                    work()
                    group.leave()
                }
                thread.name = "casparian.slot.\(number)"
                thread.start()
            }
            group.notify(queue: .global()) { continuation.resume() }
        }
    }

    /// After a signal, ends running jobs and begins no more.
    private func stopOnRequest() async {
        guard (try? await gracefulShutdown()) != nil else { return }
        // Noted first: a slot that is about to begin a job does not hear `cancel` and asks.
        let slots = shared.state.withLock { state in
            state.isStopped = state.next < jobs.count || !state.slots.isEmpty
            return state.slots
        }
        for slot in slots { slot.cancel() }
    }

    private func work() {
        let slot = makeSlot()
        shared.state.withLock { $0.slots.append(slot) }
        while let index = take() { onResult(index, run(index, on: slot)) }
        shared.state.withLock { state in state.slots.removeAll { $0 === slot } }
        slot.shutDown()
    }

    private func take() -> Int? {
        shared.state.withLock { state in
            guard !state.isStopped, state.next < jobs.count else { return nil }
            defer { state.next += 1 }
            return state.next
        }
    }

    private func run(_ index: Int, on slot: any PluginSlot) -> LocalJobResult {
        let start = ContinuousClock.now
        let recorder = Recorder(previewRows: options.previewRows, stopsWhenFull: options.stopsWhenFull)
        var receipt = runner.run(
            jobs[index].order, on: RecordingSlot(slot, recorder: recorder), onProgress: { onProgress(index, $0) },
            isCancelled: { wasStopped })
        var previews: [TopicPreview] = []
        if recorder.isCutShort { receipt = JobReceipt(status: .success) }
        if receipt.status == .success {
            do {
                previews = try recorder.previews()
            } catch {
                receipt = JobReceipt(status: .failed, errorMessage: "\(jobs[index].order.filePath): \(error)")
            }
        }
        return LocalJobResult(
            job: jobs[index], receipt: receipt, elapsed: ContinuousClock.now - start, reading: recorder.reading,
            previews: previews, isCutShort: recorder.isCutShort)
    }
}
