import CasparianModel
import Columnar

/// What a person or a program is told about one file of `casparian run`.
struct RunReport {
    let result: LocalJobResult
    /// Nothing was written on purpose.
    let isPreviewOnly: Bool

    private var path: String { result.job.order.filePath }

    /// For standard output; nothing for a file that failed.
    var lines: [String] {
        guard !result.hasFailed else { return [] }
        var out: [String] = []
        for preview in result.previews { out += lines(for: preview) }
        let quarantined = result.receipt.quarantined
        let aside = quarantined > 0 ? " and \(quarantined) quarantined" : ""
        out.append("\(path): \(Format.count(Int(result.rows), "row"))\(aside) in \(timing)")
        for artifact in result.receipt.artifacts {
            // A table has no size of its own.
            let amounts = [artifact.rows.map { Format.count(Int($0), "row") }, artifact.sizeBytes.map(Format.bytes)]
            out.append("  \(artifact.topic) -> \(artifact.uri): \(amounts.compactMap(\.self).joined(separator: ", "))")
        }
        if result.isCutShort {
            out.append("  stopped when the preview was full: types are those of the rows that were read")
        } else if isPreviewOnly {
            out.append("  nothing was written; --output or --sink writes")
        } else if result.receipt.artifacts.isEmpty {
            out.append("  no rows, so nothing was written")
        }
        return out
    }

    private func lines(for preview: TopicPreview) -> [String] {
        let columns = TextTable.lines(
            headings: ["COLUMN", "TYPE"], rows: preview.columns.map { [$0.name, $0.type] }, numeric: [false, false])
        let table = TextTable.lines(
            headings: preview.columns.map(\.name), rows: preview.cells.map { row in row.map { $0 ?? "NULL" } },
            numeric: preview.columns.map(\.isNumeric))
        return ["topic \(preview.topic)"] + columns + [""] + table + [""]
    }

    /// `1.2 s (reading 1.0 s, writing 0.2 s), 119 MB/s`
    private var timing: String {
        var text = Format.duration(result.elapsed)
        if !isPreviewOnly {
            text += " (reading \(Format.duration(result.reading)), writing \(Format.duration(result.writing)))"
        }
        guard !result.isCutShort else { return text }
        return text + ", \(Format.rate(result.job.inputBytes, in: result.elapsed))"
    }

    /// For standard error.
    var complaint: String {
        let message = result.receipt.errorMessage ?? "failed for no stated reason"
        return message.contains(path) ? message : "\(path): \(message)"
    }

    /// The keys of `--json`.
    var pairs: [(String, JSONLine.Value)] {
        let receipt = result.receipt
        var pairs: [(String, JSONLine.Value)] = [
            ("file", .text(path)), ("job_id", .integer(result.job.order.jobID.rawValue)),
            ("plugin", .text(result.job.order.pluginName)), ("status", .text(receipt.status.rawValue)),
            ("rows", .integer(result.rows)), ("size_bytes", .integer(receipt.sizeBytes)),
            ("input_bytes", .integer(result.job.inputBytes)), ("seconds", .number(Format.seconds(result.elapsed))),
            ("read_seconds", .number(Format.seconds(result.reading))),
            ("write_seconds", .number(Format.seconds(result.writing))),
            ("artifacts", .list(receipt.artifacts.map(JSONLine.Value.artifact))),
            ("error", .text(receipt.errorMessage)),
        ]
        if !result.previews.isEmpty || isPreviewOnly {
            pairs.append(("complete", .flag(!result.isCutShort)))
            pairs.append(("preview", .list(result.previews.map { .object(Self.pairs(of: $0)) })))
        }
        pairs.append(("quarantined", .integer(receipt.metrics[JobReceipt.quarantinedMetric])))
        return pairs
    }

    private static func pairs(of preview: TopicPreview) -> [(String, JSONLine.Value)] {
        [
            ("topic", .text(preview.topic)), ("rows", .integer(preview.rows)),
            (
                "columns",
                .list(
                    preview.columns.map { field in
                        .object([
                            ("name", .text(field.name)), ("type", .text(field.type)),
                            ("nullable", .flag(field.isNullable)),
                        ])
                    })
            ),
            ("cells", .list(preview.cells.map { row in .list(row.map { .text($0) }) })),
        ]
    }
}

extension JSONLine.Value {
    /// An artifact with the keys that every listing gives it.
    static func artifact(_ artifact: Artifact) -> JSONLine.Value {
        .object([
            ("topic", .text(artifact.topic)), ("uri", .text(artifact.uri)), ("rows", .integer(artifact.rows)),
            ("size_bytes", .integer(artifact.sizeBytes)),
        ])
    }
}

extension Field {
    /// Its cells stand to the right.
    var isNumeric: Bool {
        ["int", "uint", "float", "double", "halffloat", "decimal"].contains { type.hasPrefix($0) }
    }
}
