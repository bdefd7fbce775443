import CasparianModel
import Columnar
import Foundation
import Synchronization

/// Serves the worker on descriptor 3: the guest's side of docs/guest-protocol.md.
enum PluginRunner {
    private static let channelDescriptor: Int32 = 3
    private static let protocolVersion = 1

    static func run<P: Plugin>(_ plugin: P.Type) async {
        signal(SIGPIPE, SIG_IGN)
        guard fcntl(channelDescriptor, F_GETFD) >= 0 else {
            FileHandle.standardError.write(
                Data("a casparian worker starts this program; put it into the plugins folder as NAME.plugin\n".utf8))
            exit(64)
        }
        // Nothing that the plugin starts is to keep the channel open.
        _ = fcntl(channelDescriptor, F_SETFD, FD_CLOEXEC)
        let channel = PluginChannel(descriptor: channelDescriptor)
        do {
            try channel.send("H", Hello(protocol: protocolVersion, language: "swift", version: swiftVersion))
            while let order = try channel.receive() {
                switch order.type {
                case "D": try channel.send("P", Described(manifest: P.manifest))
                case "J": try await job(order, plugin, channel)
                default: throw PluginChannelError(reason: "unknown order '\(order.type)'")
                }
            }
        } catch is PluginChannelError {
            // The worker is gone, or this is none; nobody is left to tell.
        } catch {
            FileHandle.standardError.write(Data("\(error)\n".utf8))
            exit(70)
        }
    }

    private static func job<P: Plugin>(_ order: PluginChannel.Order, _ plugin: P.Type, _ channel: PluginChannel)
        async throws
    {
        let job = try JSONDecoder().decode(Job.self, from: order.payload)
        let tally = Tally()
        let output = Output { topic, batch in
            guard tally.isOpen else {
                throw PluginChannelError(reason: "topic '\(topic)' was published to after its job had ended")
            }
            try channel.send(topic, batch)
            tally.add(batch.rowCount)
        }
        var failure: String?
        do {
            let event = FileEvent(
                path: job.filePath, fileID: job.fileID, jobID: job.jobID, parametersJSON: job.parameters)
            try await P().consume(event, output)
        } catch {
            failure = "\(error)"
        }
        let count = tally.close()
        // Printed by this job, and to be told as its own.
        fflush(nil)
        if let failure {
            try channel.send("F", Failed(code: "failed", message: failure, residentBytes: residentBytes))
        } else {
            try channel.send("E", Done(rows: count, residentBytes: residentBytes))
        }
    }

    /// The rows of a job that runs.
    private final class Tally: Sendable {
        private let state = Mutex((rows: Int64(0), isOpen: true))

        var isOpen: Bool { state.withLock(\.isOpen) }
        func add(_ rows: Int) { state.withLock { $0.rows += Int64(rows) } }

        /// - Returns: How many there were.
        func close() -> Int64 {
            state.withLock { state in
                state.isOpen = false
                return state.rows
            }
        }
    }

    private static var swiftVersion: String {
        #if swift(>=6.3)
            "6.3"
        #else
            "6"
        #endif
    }

    private static var residentBytes: Int64? {
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return nil }
        let fields = text.split(separator: " ")
        return fields.count > 1 ? Int64(fields[1]).map { $0 * Int64(sysconf(Int32(_SC_PAGESIZE))) } : nil
    }

    // MARK: Messages

    private struct Hello: Encodable {
        var `protocol`: Int
        var language: String
        var version: String
    }

    private struct Described: Encodable { var manifest: PluginManifest }

    private struct Job: Decodable {
        var filePath: String
        var fileID: Int64
        var jobID: Int64
        var parameters: String?
        enum CodingKeys: String, CodingKey {
            case filePath = "file_path"
            case fileID = "file_id"
            case jobID = "job_id"
            case parameters
        }
    }

    private struct Done: Encodable {
        var rows: Int64
        var residentBytes: Int64?
        enum CodingKeys: String, CodingKey {
            case rows
            case residentBytes = "resident_bytes"
        }
    }

    private struct Failed: Encodable {
        var code: String
        var message: String
        var residentBytes: Int64?
        enum CodingKeys: String, CodingKey {
            case code, message
            case residentBytes = "resident_bytes"
        }
    }
}
