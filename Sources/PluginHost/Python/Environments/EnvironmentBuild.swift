import Foundation
import Synchronization

/// One run of `python -m casparian_flow.environments`.
struct EnvironmentBuild {
    let program: String
    let arguments: [String]
    let variables: [String: String]
    let block: ScriptBlock
    let stop: BuildStop

    /// A line of the builder's output.
    private struct Line: Decodable {
        var progress: String?
        var python: String?
        var error: String?
    }

    func run(_ onProgress: (String) -> Void) throws(EnvironmentError) -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.environment = variables
        let (input, output, errors) = (Pipe(), Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        process.standardError = errors
        do { try process.run() } catch {
            throw EnvironmentError(
                reason:
                    "\(program) cannot be started: \(error.localizedDescription); name an interpreter with --python "
                    + "or in casparian.yaml")
        }
        stop.begin(process.processIdentifier)
        try? input.fileHandleForWriting.write(contentsOf: Data(block.text.utf8))
        try? input.fileHandleForWriting.close()
        // The builder's own words come on standard output; what stands here is why it could not run at all.
        let complaints = ComplaintReader(errors.fileHandleForReading)
        var result: Result<String, EnvironmentError>?
        var rest = Data()
        while true {
            // As soon as there is anything: `read` waits until it has as much as it was asked for.
            let part = output.fileHandleForReading.availableData
            guard !part.isEmpty else { break }
            rest += part
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                let line = try? JSONDecoder().decode(Line.self, from: rest[rest.startIndex..<end])
                rest = Data(rest[rest.index(after: end)...])
                if let text = line?.progress { onProgress(text) }
                if let python = line?.python { result = .success(python) }
                if let error = line?.error { result = .failure(EnvironmentError(reason: error)) }
            }
        }
        stop.end()
        process.waitUntilExit()
        let complaint = complaints.text()
        guard let result else {
            throw EnvironmentError(
                reason: "the builder ended with \(process.terminationStatus)"
                    + (complaint.isEmpty ? "" : ": \(complaint)"))
        }
        return try result.get()
    }
}

/// Ends builds that nobody waits for any more.
final class BuildStop: Sendable {
    private struct State {
        var running: pid_t?
        var isStopped = false
    }
    private let state = Mutex(State())

    func begin(_ process: pid_t) {
        state.withLock { state in
            state.running = process
            if state.isStopped { kill(process, SIGTERM) }
        }
    }

    /// Its output has ended, and so does the process.
    func end() { state.withLock { $0.running = nil } }

    /// The build that runs ends and leaves nothing behind, and so does every later one.
    func stop() {
        state.withLock { state in
            state.isStopped = true
            if let process = state.running { kill(process, SIGTERM) }
        }
    }
}

/// Reads what a process complains of while its output is read elsewhere.
private final class ComplaintReader: @unchecked Sendable {
    // Sendable: `collected` is written by the thread before `done` is signalled and read after.
    private var collected = Data()
    private let done = DispatchSemaphore(value: 0)
    private static let bytesMax = 16 << 10

    init(_ handle: FileHandle) {
        let thread = Thread { [self] in
            while let part = try? handle.read(upToCount: 1 << 12), !part.isEmpty {
                collected = (collected + part).suffix(Self.bytesMax)
            }
            done.signal()
        }
        thread.start()
    }

    func text() -> String {
        done.wait()
        return String(decoding: collected, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
