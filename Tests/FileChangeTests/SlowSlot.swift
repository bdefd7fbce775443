import CasparianPluginRuntime
import CasparianTestKit
import Columnar
import Foundation

/// Reads a file in pieces and takes its time: one row for each line.
final class SlowSlot: PluginSlot {
    private let seed: UInt64

    init(seed: UInt64) { self.seed = seed }

    func run(_ invocation: PluginInvocation, output: any PluginOutput) throws {
        var random = SeededRandom(seed: seed &+ UInt64(bitPattern: invocation.jobID.rawValue))
        let descriptor = open(invocation.filePath, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw PluginError(code: .failed, plugin: invocation.pluginName, message: "it is not there")
        }
        defer { close(descriptor) }
        var rest: [UInt8] = []
        while true {
            var piece = [UInt8](repeating: 0, count: Int.random(in: 20...250, using: &random))
            let count = read(descriptor, &piece, piece.count)
            guard count > 0 else { break }
            rest += piece[..<count]
            try write(&rest, output)
            if random.oneIn(2) { usleep(UInt32.random(in: 0...1500, using: &random)) }
        }
        if !rest.isEmpty { throw PluginError(code: .failed, plugin: invocation.pluginName, message: "half a line") }
    }

    /// Hands over the whole lines.
    private func write(_ bytes: inout [UInt8], _ output: any PluginOutput) throws {
        guard let end = bytes.lastIndex(of: UInt8(ascii: "\n")) else { return }
        let lines = String(decoding: bytes[..<end], as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false)
        bytes.removeSubrange(...end)
        try output.write(RecordBatch(columns: [("line", .string(lines.map { String($0) }))]), topic: "output")
    }

    func cancel() {}
    func shutDown() {}
}
