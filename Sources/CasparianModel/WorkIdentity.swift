/// What a job is done with, beside the content of its file: the same content with the same identity gives the same output.
public struct WorkIdentity: Hashable, Sendable {
    /// SHA-256 of the plugin's source; nil for built-in readers, and for plugins that are known by name only.
    public var pluginHash: String?
    /// Stands for the plugin's topics and parameters (`digest(sinks:parameters:)`).
    public var configurationHash: String

    public init(pluginHash: String?, configurationHash: String) {
        self.pluginHash = pluginHash
        self.configurationHash = configurationHash
    }

    /// 32 hex digits for a plugin's topics, with their places, modes and contracts, and its parameters. The same in every
    /// process; two configurations that somebody writes by accident do not share one.
    public static func digest(sinks: [SinkConfig], parameters: String?) -> String {
        // FNV-1a (Fowler, Noll, Vo) of 64 bits twice, from two beginnings.
        var first: UInt64 = 0xcbf2_9ce4_8422_2325
        var second: UInt64 = 0x6c62_272e_07bb_0142
        func add(_ text: String?) {
            // Neither stands in UTF-8: where a text ends, and where there is none.
            let bytes: [UInt8] = text.map { Array($0.utf8) + [0xFF] } ?? [0xFE]
            for byte in bytes {
                first = (first ^ UInt64(byte)) &* 0x100_0000_01b3
                second = (second ^ UInt64(byte)) &* 0x100_0000_01b3
                second ^= second >> 29
            }
        }
        for sink in sinks.sorted(by: { ($0.topic, $0.uri) < ($1.topic, $1.uri) }) {
            add(sink.topic)
            add(sink.uri)
            add(sink.mode.rawValue)
            add(sink.schemaDefinition)
        }
        add(parameters)
        func hex(_ value: UInt64) -> String {
            let text = String(value, radix: 16)
            return String(repeating: "0", count: 16 - text.count) + text
        }
        return hex(first) + hex(second)
    }
}
