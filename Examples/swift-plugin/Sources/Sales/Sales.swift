import CasparianPlugin
import Foundation

/// Sales of one shop and day, as `<article>;<pieces>;<price>` on each line, such as `book;2;9.50`. Lines that are none go to
/// topic `rejected`.
@main struct Sales: Plugin {
    static let manifest = PluginManifest(
        pattern: "*.sales", topic: "sales", version: "1.0.0", description: "Sales of one shop and day")

    /// `casparian plugins set sales --parameters '{"price_max": 1000}'`
    struct Parameters: Decodable {
        var priceMax: Double?
        enum CodingKeys: String, CodingKey { case priceMax = "price_max" }
    }

    func consume(_ event: FileEvent, _ output: Output) async throws {
        let priceMax = try event.parameters(as: Parameters.self).priceMax ?? .infinity
        let text = try String(contentsOfFile: event.path, encoding: .utf8)
        var (articles, pieces, prices): ([String?], [Int64?], [Double?]) = ([], [], [])
        var (numbers, lines): ([Int64?], [String?]) = ([], [])
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
        where !line.isEmpty {
            let fields = line.split(separator: ";", omittingEmptySubsequences: false)
            if fields.count == 3, let count = Int64(fields[1]), let price = Double(fields[2]), price <= priceMax {
                articles.append(String(fields[0]))
                pieces.append(count)
                prices.append(price)
            } else {
                numbers.append(Int64(index + 1))
                lines.append(String(line))
            }
        }
        try output.write(columns: [
            ("article", .string(articles)), ("pieces", .int64(pieces)), ("price", .double(prices)),
        ])
        try output.publish("rejected", RecordBatch(columns: [("line", .int64(numbers)), ("text", .string(lines))]))
    }
}
