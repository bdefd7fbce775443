import ArgumentParser

/// `--json` on a listing.
struct ListingOptions: ParsableArguments {
    @Flag(help: "One JSON object a line, with stable keys.")
    var json = false
}

/// A column of a listing: its JSON key, its heading and what stands in it.
struct Column<Row>: Sendable {
    let key: String
    let heading: String
    let isNumeric: Bool
    let value: @Sendable (Row) -> JSONLine.Value
    /// What a table shows instead of the whole value; nil shows the value.
    let brief: (@Sendable (Row) -> String?)?

    init(
        _ key: String, _ heading: String? = nil, numeric: Bool = false, brief: (@Sendable (Row) -> String?)? = nil,
        _ value: @escaping @Sendable (Row) -> JSONLine.Value
    ) {
        self.key = key
        self.heading = heading ?? key.uppercased()
        self.isNumeric = numeric
        self.value = value
        self.brief = brief
    }

    /// The cell of a table.
    func text(_ row: Row) -> String {
        TextTable.text(brief.map { .text($0(row)) } ?? value(row))
    }
}

/// Prints rows as a table for people or as JSON lines for programs.
struct Listing<Row>: Sendable {
    let columns: [Column<Row>]
    /// What to say instead of an empty table.
    let whenEmpty: String

    func print(_ rows: [Row], json: Bool) {
        if json {
            for row in rows { Terminal.line(JSONLine.encode(columns.map { ($0.key, $0.value(row)) })) }
        } else if rows.isEmpty {
            Terminal.line(whenEmpty)
        } else {
            let cells = rows.map { row in columns.map { $0.text(row) } }
            for line in TextTable.lines(
                headings: columns.map(\.heading), rows: cells, numeric: columns.map(\.isNumeric))
            {
                Terminal.line(line)
            }
        }
    }
}
