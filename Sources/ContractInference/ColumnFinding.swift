import CasparianModel

/// What was found out about a column, and what a contract could say of it.
public struct ColumnFinding: Hashable, Sendable {
    /// A type that cannot be, and the value that shows it.
    public struct RuledOut: Hashable, Sendable {
        public var candidate: Candidate
        public var value: String
        public var file: String
        /// Among the rows that the plugin made of the file, from 1.
        public var row: Int64
        public var reason: String
    }

    public var name: String
    public var rows: Int64
    public var nulls: Int64
    /// Different values with their counts; nil if there are more than 50.
    public var values: [String: Int64]?
    /// Characters of the longest value.
    public var lengthMax: Int
    /// Arrow's name of the type that the plugin made it; nil if every cell is null.
    public var madeAs: String?
    public var type: ContractType
    public var format: String?
    /// Why it is that type, for a person; never empty.
    public var evidence: [String]
    /// In the order in which they fell.
    public var ruledOut: [RuledOut]

    /// The contract's column.
    ///
    /// - Parameter isStrict: What was seen is all that may come: no nulls if there were none, and no other values than
    ///   the few that there were.
    public func column(isStrict: Bool) -> Contract.Column {
        var column = Contract.Column(name: name, type: type, format: format)
        column.description = evidence.joined(separator: "; ")
        guard isStrict else { return column }
        column.isNullable = nulls > 0 || rows == 0
        if type == .string, let values, values.count <= Self.valuesMax, rows >= Int64(values.count) * Self.repeatsMin {
            column.rules.values = values.keys.sorted()
        }
        return column
    }

    /// Texts that come again and again are words of a list; most of them in fewer than so many.
    private static let valuesMax = 20
    private static let repeatsMin: Int64 = 5
}

extension ColumnObserver {
    var finding: ColumnFinding {
        var finding = ColumnFinding(
            name: name, rows: rows, nulls: nulls, values: values, lengthMax: lengthMax, madeAs: arrowType, type: .any,
            format: nil, evidence: [],
            ruledOut: eliminated.map {
                ColumnFinding.RuledOut(
                    candidate: $0.candidate, value: $0.value, file: $0.place.file, row: $0.place.row, reason: $0.reason)
            })
        let seen = rows - nulls
        if let arrowType, !isText {
            finding.type = (try? ContractType(arrowType)) ?? .any
            finding.evidence = ["the plugin makes it \(arrowType)"]
        } else if seen == 0 {
            finding.evidence = ["every value is null, so that nothing is known of it"]
        } else {
            decide(&finding, seen: seen)
        }
        if nulls > 0 { finding.evidence.append("\(nulls) of \(rows) are null") }
        return finding
    }

    private func decide(_ finding: inout ColumnFinding, seen: Int64) {
        let candidates = alive.map(\.candidate)
        func take(_ candidate: Candidate, _ evidence: String...) {
            finding.type = candidate.type
            finding.format = candidate.format
            finding.evidence = evidence
        }
        if candidates.contains(.integer) {
            return take(.integer, "all \(seen) values are whole numbers")
        }
        if let scale = digits.fraction, digits.arePlain, digits.count == seen, digits.wholeMax + scale <= 38 {
            let precision = max(18, digits.wholeMax + scale)
            return take(
                Candidate(.decimal(precision: precision, scale: scale)),
                "all \(seen) values have \(scale) digit\(scale == 1 ? "" : "s") after the point")
        }
        if candidates.contains(.float) { return take(.float, "all \(seen) values are numbers that a double keeps") }
        if digits.arePlain, digits.count == seen, digits.wholeMax + digits.fractionMax <= ContractType.precisionMax {
            let precision = digits.wholeMax + digits.fractionMax
            return take(
                Candidate(.decimal(precision: precision, scale: digits.fractionMax)),
                "all \(seen) values are numbers, with more digits than a double keeps")
        }
        guard let best = candidates.first else {
            return take(Candidate(.string), textEvidence)
        }
        guard let mirror = best.mirrored else { return take(best, "all \(seen) values are \(best.name)") }
        if candidates.contains(mirror) {
            return take(
                Candidate(.string),
                "every value is \(best.name) and \(mirror.name) alike: nothing proves whether the day or the month comes "
                    + "first. Name the format if you know it")
        }
        let proof = eliminated.first { $0.candidate == mirror }
        take(
            best,
            proof.map { "'\($0.value)' (\($0.place.file), row \($0.place.row)) proves \(best.order)" }
                ?? "all \(seen) values are \(best.name)")
    }

    /// The value that ruled out the last type that the others would have had.
    private var textEvidence: String {
        guard let last = eliminated.max(by: { $0.place.row < $1.place.row }) else { return "texts" }
        return
            "'\(last.value)' (\(last.place.file), row \(last.place.row)) is no \(last.candidate.name): \(last.reason)"
    }
}

extension Candidate {
    fileprivate var order: String {
        guard let format, let day = format.range(of: "%d"), let month = format.range(of: "%m") else { return name }
        return (day.lowerBound < month.lowerBound ? "day first" : "month first") + ", as in \(format)"
    }
}
