import Foundation
import Logging

/// Log lines on standard error.
enum Logs {
    /// Sets how the whole process logs; once.
    static func start(_ settings: ProjectSettings) {
        let level = Logger.Level(rawValue: settings.logLevel) ?? .info
        let format = settings.logFormat
        LoggingSystem.bootstrap { label in LineLogHandler(label: label, logLevel: level, format: format) }
    }

    /// For commands whose output says it all.
    static let silent = Logger(label: "casparian") { _ in SwiftLogNoOpLogHandler() }
}

/// One line for each record: text for people, JSON for programs.
struct LineLogHandler: LogHandler {
    let label: String
    var logLevel: Logger.Level
    let format: LogFormat
    var metadata: Logger.Metadata = [:]

    init(label: String, logLevel: Logger.Level, format: LogFormat) {
        self.label = label
        self.logLevel = logLevel
        self.format = format
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let fields = metadata.merging(event.metadata ?? [:]) { _, new in new }.sorted { $0.key < $1.key }
        let time = Clock.now().description
        let line: String
        switch format {
        case .json:
            line = JSONLine.encode(
                [
                    ("time", .text(time)), ("level", .text(event.level.rawValue)), ("source", .text(label)),
                    ("message", .text("\(event.message)")),
                ] + fields.map { ($0.key, .text("\($0.value)")) })
        case .text:
            let pairs = fields.map { " \($0.key)=\(Self.oneLine("\($0.value)"))" }.joined()
            line = "\(time) \(event.level.rawValue.uppercased()) \(event.message)\(pairs)"
        }
        Terminal.complain(line)
    }

    private static func oneLine(_ text: String) -> String {
        guard text.contains(where: { $0 == " " || $0.isNewline }) else { return text }
        return "'" + text.replacingOccurrences(of: "\n", with: "\\n") + "'"
    }
}
