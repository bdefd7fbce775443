import CasparianModel
import CasparianSinks
import Foundation

/// The intents of running promotions, one small file each below the output folder, synced before the first promotion.
///
/// A file is locked (`flock`) by the process that promotes; the kernel drops the lock with it.
public struct IntentLog: Sendable {
    private let folder: String

    static let subfolder = ".casparian/intents"
    private static let suffix = ".json"

    /// - Parameter outputRoot: The worker's output folder, absolute.
    public init(outputRoot: String) { folder = outputRoot + "/" + Self.subfolder }

    /// An intent on disk, held until it is cleared or dropped.
    final class Held {
        let intent: PromotionIntent
        private let path: String
        private let descriptor: Int32

        fileprivate init(intent: PromotionIntent, path: String, descriptor: Int32) {
            self.intent = intent
            self.path = path
            self.descriptor = descriptor
        }

        deinit { close(descriptor) }

        /// Removes it: all is promoted, or nothing was.
        func clear() { unlink(path) }
    }

    /// Writes an intent so that it survives this process.
    ///
    /// - Throws: `SinkError` with `.io`.
    func record(_ intent: PromotionIntent) throws -> Held {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let data = try encoder.encode(intent)
        let path = path(intent.jobID)
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw failure(path, errno) }
        let held = Held(intent: intent, path: path, descriptor: descriptor)
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw SinkError(
                code: .io, target: path, message: "another worker promotes the same job", isBusy: true)
        }
        let written = data.withUnsafeBytes { bytes in
            ftruncate(descriptor, 0) == 0 && write(descriptor, bytes.baseAddress, bytes.count) == bytes.count
                && fsync(descriptor) == 0
        }
        guard written else {
            let reason = errno
            held.clear()
            throw failure(path, reason)
        }
        return held
    }

    /// What a process that died was about to promote for a job; nil if there is nothing, or it lives.
    func abandoned(_ job: JobID) -> Held? { hold(path(job), triesMax: Self.triesMax) }

    /// Tries for one job's lock, a millisecond apart: a process that was forked from its last holder has it until it runs its
    /// own program.
    private static let triesMax = 1_000

    /// The same for all jobs.
    func abandoned() -> [Held] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { $0.hasSuffix(Self.suffix) }.sorted().compactMap { hold(folder + "/" + $0) }
    }

    private func hold(_ path: String, triesMax: Int = 1) -> Held? {
        let descriptor = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return nil }
        var tries = 1
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            guard tries < triesMax else {
                close(descriptor)
                return nil
            }
            tries += 1
            usleep(1_000)
        }
        // Half an intent was written before anything was promoted: it says nothing.
        guard let data = FileManager.default.contents(atPath: path),
            let intent = try? JSONDecoder().decode(PromotionIntent.self, from: data), intent.bootID == Self.bootID
        else {
            unlink(path)
            close(descriptor)
            return nil
        }
        return Held(intent: intent, path: path, descriptor: descriptor)
    }

    /// Changes with every start of the system.
    static let bootID: String = {
        let text = try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
        return text?.trimmingCharacters(in: .whitespacesAndNewlines) ?? ""
    }()

    private func path(_ job: JobID) -> String { "\(folder)/job_\(job)\(Self.suffix)" }

    private func failure(_ path: String, _ reason: Int32) -> SinkError {
        SinkError(
            code: .io, target: path,
            message: "the promotion cannot be recorded (\(String(cString: strerror(reason)))); make room or check the "
                + "output folder's permissions", isTransient: reason == ENOSPC)
    }
}
