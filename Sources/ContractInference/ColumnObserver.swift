import CasparianModel
import CasparianSinks
import Columnar

/// Finds out what one column can be: every type that some value rules out is left out, with that value.
final class ColumnObserver {
    /// Where a value stands.
    struct Place: Hashable {
        var file: String
        /// Among the rows that the plugin made of the file, from 1.
        var row: Int64
    }

    /// A type that is out, and what ruled it out.
    struct Elimination: Hashable {
        var candidate: Candidate
        var value: String
        var place: Place
        var reason: String
    }

    /// Different values that are kept.
    private static let valuesMax = 50
    /// Rows that candidates are tried on at first; each further part is sixteen times as long. Most fall at once.
    private static let firstRows = 16

    let name: String
    /// Arrow's name of the type that the plugin gave it; nil while there were only nulls.
    private(set) var arrowType: String?
    private(set) var rows: Int64 = 0
    private(set) var nulls: Int64 = 0
    private(set) var values: [String: Int64]? = [:]
    private(set) var lengthMax = 0
    private(set) var alive: [(candidate: Candidate, contract: RowContract)] = []
    private(set) var eliminated: [Elimination] = []
    private(set) var digits = DigitCount()
    private let projection: RowContract

    /// Digits of the numbers so far.
    struct DigitCount: Hashable {
        var wholeMax = 0
        var fractionMax = 0
        /// Digits after the point that every value has; nil if they differ, or one has none.
        var fraction: Int?
        /// Every value is a number without an exponent, a plus or zeros before it.
        var arePlain = true
        var count: Int64 = 0
    }

    init(name: String) throws(ColumnarError) {
        self.name = name
        projection = try RowContract(columns: [RowContract.Column(name: name, type: "any")], extraColumns: .drop)
        for candidate in Candidate.all {
            alive.append((candidate, try Self.contract(name, candidate)))
        }
    }

    private static func contract(_ name: String, _ candidate: Candidate) throws(ColumnarError) -> RowContract {
        try RowContract(
            columns: [RowContract.Column(name: name, type: candidate.type.name, format: candidate.format)],
            extraColumns: .drop)
    }

    /// The plugin made it a text, so that what it is has to be found out.
    var isText: Bool {
        arrowType.map { $0.contains("string") && !$0.contains("list") && !$0.contains("struct") } ?? true
    }

    /// - Parameter firstRow: The number of the batch's first row in its file.
    func add(_ batch: RecordBatch, type: String, file: String, firstRow: Int64) throws(ColumnarError) {
        if type != "null" { arrowType = arrowType ?? type }
        let column = try projection.sort(batch, firstRow: firstRow).accepted
        let cells = try column.cellTexts(rows: 0..<column.rowCount).map { $0[0] }
        rows += Int64(cells.count)
        for (index, cell) in cells.enumerated() {
            note(cell, Place(file: file, row: firstRow + Int64(index)))
        }
        guard isText, !alive.isEmpty else { return }
        var start = 0
        var count = Self.firstRows
        while start < column.rowCount, !alive.isEmpty {
            let part = column.slice(from: start, count: min(count, column.rowCount - start))
            try eliminate(part, file: file, firstRow: firstRow + Int64(start))
            start += part.rowCount
            count *= 16
        }
    }

    private func note(_ cell: String?, _ place: Place) {
        guard let cell else {
            nulls += 1
            return
        }
        lengthMax = max(lengthMax, cell.unicodeScalars.count)
        if values != nil {
            values?[cell, default: 0] += 1
            if (values?.count ?? 0) > Self.valuesMax { values = nil }
        }
        if isText { judgeNumber(cell, place) }
    }

    /// A number loses zeros before it, a plus and a point without need: whoever wrote them may have meant them.
    private func judgeNumber(_ cell: String, _ place: Place) {
        guard let shape = NumberShape(cell) else {
            digits.arePlain = false
            return
        }
        if shape.hasLeadingZero || shape.hasPlus {
            digits.arePlain = false
            let reason = shape.hasPlus ? "would lose its plus as a number" : "would lose its zeros as a number"
            eliminate(place, cell, reason) { $0.isNumber }
        } else if shape.hasExponent || shape.fraction != nil {
            eliminate(place, cell, "is no whole number as it is written") { $0 == .integer }
        }
        if shape.hasExponent { digits.arePlain = false }
        digits.wholeMax = max(digits.wholeMax, shape.whole)
        digits.fractionMax = max(digits.fractionMax, shape.fraction ?? 0)
        digits.fraction = digits.count == 0 || digits.fraction == shape.fraction ? shape.fraction : nil
        digits.count += 1
    }

    private func eliminate(_ place: Place, _ value: String, _ reason: String, where isOut: (Candidate) -> Bool) {
        guard alive.contains(where: { isOut($0.candidate) }) else { return }
        for (candidate, _) in alive where isOut(candidate) {
            eliminated.append(Elimination(candidate: candidate, value: value, place: place, reason: reason))
        }
        alive.removeAll { isOut($0.candidate) }
    }

    private func eliminate(_ part: RecordBatch, file: String, firstRow: Int64) throws(ColumnarError) {
        var left: [(candidate: Candidate, contract: RowContract)] = []
        for (candidate, contract) in alive {
            guard let rejected = try contract.sort(part, firstRow: firstRow).rejected else {
                left.append((candidate, contract))
                continue
            }
            // row_number, column, reason, raw
            let first = try rejected.cellTexts(rows: 0..<1)[0]
            let reason = (first[2] ?? "").split(separator: ": ", maxSplits: 1).last.map(String.init) ?? ""
            eliminated.append(
                Elimination(
                    candidate: candidate, value: first[3] ?? "",
                    place: Place(file: file, row: first[0].flatMap { Int64($0) } ?? firstRow), reason: reason))
        }
        alive = left
    }
}
