import CasparianModel
import CasparianSinks
import CasparianWire
import Foundation
import Synchronization

/// Receipts on disk, one file for each worker process below the output folder: CONCLUDE messages of the wire, one after
/// another. It survives this process; it is not synced, so it need not survive the machine (docs/decisions/receipts.md).
///
/// A file is locked (`flock`) by its process; the kernel drops the lock with it, and the next worker takes it over.
final class ReceiptLog: Sendable {
    private struct State {
        var path = ""
        /// Negative as long as there was nothing to keep.
        var descriptor: Int32 = -1
        var isClosed = false
        var fileBytes = 0
        var kept: [JobID: [UInt8]] = [:]
        var keptBytes = 0
    }

    private let folder: String
    private let state = Mutex(State())
    /// What processes that died had not heard to be recorded.
    let found: [JobID: JobReceipt]

    static let subfolder = ".casparian/receipts"
    private static let suffix = ".receipts"
    /// A file that is longer, and mostly forgotten, is written anew.
    private static let compactionBytes = 1 << 20
    private static let compactionFactor = 4

    /// Takes over the files of dead processes; makes none before there is something to keep.
    ///
    /// - Parameter outputRoot: The worker's output folder, absolute.
    /// - Throws: `SinkError` with `.io`.
    init(outputRoot: String) throws {
        folder = outputRoot + "/" + Self.subfolder
        let abandoned = Self.abandoned(in: folder)
        var found: [JobID: JobReceipt] = [:]
        for (_, messages) in abandoned {
            for case (let job, .conclude(let receipt)) in messages.map({ ($0.jobID, $0.body) }) {
                found[JobID(Int64(bitPattern: job))] = receipt
            }
        }
        self.found = found
        for (job, receipt) in found { try keep(job, receipt) }
        for (held, _) in abandoned {
            unlink(held.path)
            Glibc.close(held.descriptor)
        }
    }

    deinit { close() }

    /// Leaves what is kept to the next process; nothing can be kept any more.
    func close() {
        state.withLock { state in
            state.isClosed = true
            guard state.descriptor >= 0 else { return }
            if state.kept.isEmpty { unlink(state.path) }
            Glibc.close(state.descriptor)
            state.descriptor = -1
        }
    }

    /// Writes a receipt; one of the same job takes the place of an earlier one.
    ///
    /// - Throws: `SinkError` with `.io`; the file is as it was before.
    func keep(_ job: JobID, _ receipt: JobReceipt) throws(SinkError) {
        let message = WireMessage(jobID: UInt64(bitPattern: job.rawValue), .conclude(receipt))
        let bytes = message.encode().flatMap { $0 }
        let failure: Int32? = state.withLock { state in
            guard !state.isClosed else { return EBADF }
            if state.descriptor < 0 {
                guard let (path, descriptor) = Self.create(in: folder) else { return errno }
                (state.path, state.descriptor) = (path, descriptor)
            }
            guard Self.append(bytes, to: state.descriptor) else {
                let reason = errno
                ftruncate(state.descriptor, off_t(state.fileBytes))
                return reason
            }
            state.fileBytes += bytes.count
            state.keptBytes += bytes.count - (state.kept.updateValue(bytes, forKey: job)?.count ?? 0)
            return nil
        }
        if let failure { throw Self.failure(folder, failure) }
    }

    /// Forgets receipts; a file that holds nothing else becomes short again.
    func forget(_ jobs: [JobID]) {
        state.withLock { state in
            guard state.descriptor >= 0 else { return }
            for job in jobs { state.keptBytes -= state.kept.removeValue(forKey: job)?.count ?? 0 }
            if state.kept.isEmpty {
                if state.fileBytes > 0, ftruncate(state.descriptor, 0) == 0 { state.fileBytes = 0 }
            } else if state.fileBytes > max(Self.compactionBytes, Self.compactionFactor * state.keptBytes) {
                rewrite(&state)
            }
        }
    }

    /// Begins a file with what is kept; goes on with the old one if that cannot be.
    private func rewrite(_ state: inout State) {
        guard let (path, descriptor) = Self.create(in: folder) else { return }
        guard Self.append(state.kept.values.flatMap { $0 }, to: descriptor) else {
            unlink(path)
            Glibc.close(descriptor)
            return
        }
        unlink(state.path)
        Glibc.close(state.descriptor)
        (state.path, state.descriptor, state.fileBytes) = (path, descriptor, state.keptBytes)
    }

    /// Nil with `errno` if that cannot be.
    private static func create(in folder: String) -> (String, Int32)? {
        try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        while true {
            let name = "\(getpid())-\(String(UInt64.random(in: 0 ... .max), radix: 16))"
            let path = "\(folder)/\(name)\(suffix)"
            let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0o644)
            guard descriptor >= 0 else { return nil }
            // A worker that starts at this moment may have taken it for a dead one's.
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0, isThere(descriptor) { return (path, descriptor) }
            Glibc.close(descriptor)
        }
    }

    private static func isThere(_ descriptor: Int32) -> Bool {
        var status = stat()
        return fstat(descriptor, &status) == 0 && status.st_nlink > 0
    }

    private static func append(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        bytes.withUnsafeBytes { bytes in
            var written = 0
            while written < bytes.count {
                let count = write(descriptor, bytes.baseAddress?.advanced(by: written), bytes.count - written)
                if count > 0 { written += count } else if errno != EINTR { return false }
            }
            return true
        }
    }

    private struct Held {
        var path: String
        var descriptor: Int32
    }

    private static func abandoned(in folder: String) -> [(Held, [WireMessage])] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { $0.hasSuffix(suffix) }.sorted().compactMap { name in
            let path = folder + "/" + name
            let descriptor = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
            guard descriptor >= 0 else { return nil }
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0, isThere(descriptor) else {
                Glibc.close(descriptor)
                return nil
            }
            let bytes = FileManager.default.contents(atPath: path).map(Array.init) ?? []
            return (Held(path: path, descriptor: descriptor), messages(bytes))
        }
    }

    /// Up to the first that is not whole: the last one may have been interrupted.
    private static func messages(_ bytes: [UInt8]) -> [WireMessage] {
        var found: [WireMessage] = []
        var rest = bytes[...]
        while rest.count >= WireMessage.headerBytes {
            let header = rest.prefix(WireMessage.headerBytes)
            let length = header.suffix(4).reduce(0) { $0 << 8 | Int($1) }
            let payload = rest.dropFirst(header.count).prefix(length)
            guard payload.count == length, let message = try? WireMessage.decode([Array(header), Array(payload)])
            else { break }
            found.append(message)
            rest = rest.dropFirst(header.count + length)
        }
        return found
    }

    private static func failure(_ path: String, _ reason: Int32) -> SinkError {
        SinkError(
            code: .io, target: path,
            message: "receipts cannot be kept (\(String(cString: strerror(reason)))); make room or check the output "
                + "folder's permissions", isTransient: reason == ENOSPC)
    }
}
