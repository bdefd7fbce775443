import CasparianPluginRuntime
import Columnar
import Foundation

/// Parameters of the built-in readers, from a plugin's configuration (JSON object).
struct NativeParameters: Decodable {
    /// One character; csv.
    var delimiter: String?
    /// One character, or empty for none; csv.
    var quote: String?
    var hasHeader: Bool?
    /// `utf-8` or `latin1`; csv and lines.
    var encoding: String?
    /// Column to type; csv and jsonl.
    var types: [String: String]?
    /// Texts that mean null; csv.
    var nullValues: [String]?
    /// One character that lines to be passed over begin with; csv.
    var comment: String?
    /// `.` or `,`; csv.
    var decimal: String?
    /// `quarantine`, `fill` or `error`; csv.
    var ragged: String?

    enum CodingKeys: String, CodingKey, CaseIterable {
        case delimiter, quote
        case hasHeader = "has_header"
        case encoding, types
        case nullValues = "null_values"
        case comment, decimal, ragged
    }

    init() {}

    /// What a reader understands; anything else is refused rather than ignored.
    private static func known(_ format: NativeFormat) -> [CodingKeys] {
        switch format {
        case .csv: CodingKeys.allCases
        case .jsonl: [.types]
        case .lines: [.encoding]
        case .parquet: []
        }
    }

    /// - Throws: `PluginError` that names the parameter.
    init(json: String?, format: NativeFormat) throws {
        self.init()
        let plugin = format.rawValue
        guard let json, !json.isEmpty else { return }
        let data = Data(json.utf8)
        func reject(_ message: String) -> PluginError {
            PluginError(
                code: .failed, plugin: plugin,
                message: message + "; fix it with: casparian plugins set \(plugin) --parameters JSON",
                cause: .configuration)
        }
        guard let object = try? JSONSerialization.jsonObject(with: data) as? [String: Any] else {
            throw reject("its parameters are not a JSON object: \(json)")
        }
        let known = Self.known(format).map(\.rawValue)
        if let unknown = object.keys.sorted().first(where: { !known.contains($0) }) {
            let possible = known.isEmpty ? "it has none" : "it has \(known.joined(separator: ", "))"
            throw reject("unknown parameter '\(unknown)'; \(possible)")
        }
        do {
            self = try JSONDecoder().decode(NativeParameters.self, from: data)
        } catch DecodingError.typeMismatch(_, let context) {
            let key = context.codingPath.map(\.stringValue).joined(separator: ".")
            throw reject("parameter '\(key)' has the wrong type: \(context.debugDescription)")
        }
        if let encoding, !["utf-8", "utf8", "latin1", "iso-8859-1"].contains(encoding.lowercased()) {
            throw reject("encoding is utf-8 or latin1, not '\(encoding)'")
        }
        if let decimal, ![".", ","].contains(decimal) { throw reject("decimal is '.' or ',', not '\(decimal)'") }
        if let ragged, Self.ragged[ragged] == nil {
            throw reject("ragged is quarantine, fill or error, not '\(ragged)'")
        }
        for (name, text) in [("delimiter", delimiter), ("quote", quote), ("comment", comment)] {
            if let text, text.utf8.count > 1 || (name != "quote" && text.isEmpty) {
                throw reject("\(name) is one ASCII character")
            }
        }
    }

    private static let ragged: [String: CSVOptions.BadRecords] = [
        "quarantine": .reject, "fill": .fill, "error": .fail,
    ]

    var isLatin1: Bool { ["latin1", "iso-8859-1"].contains(encoding?.lowercased() ?? "") }

    var csvOptions: CSVOptions {
        var options = CSVOptions()
        options.delimiter = delimiter?.utf8.first
        if let quote { options.quote = quote.utf8.first }
        options.hasHeader = hasHeader ?? true
        options.comment = comment?.utf8.first
        options.hasDecimalComma = decimal == ","
        options.badRecords = ragged.flatMap { Self.ragged[$0] } ?? .reject
        options.isLatin1 = isLatin1
        options.types = types ?? [:]
        options.nullValues = nullValues ?? []
        return options
    }
}
