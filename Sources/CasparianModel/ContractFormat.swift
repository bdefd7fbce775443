/// How a contract says that dates and times are written: text with directives as strptime's.
///
/// `%Y` four digits, `%y` two (69 and up are 19xx), `%m` and `%d` one or two, `%b` Jan to Dec, `%H`, `%M`, `%S` one or
/// two, `%f` one to nine digits of a fraction, `%z` Z, +HH, +HHMM or +HH:MM, `%%` a percent sign.
enum ContractFormat {
    private static let ofDates: Set<Character> = ["Y", "y", "m", "b", "d"]
    private static let ofTimes: Set<Character> = ["H", "M", "S", "f"]

    /// - Throws: `ContractError` when the format does not say all of the column's type, or more.
    static func check(_ format: String, for column: Contract.Column) throws(ContractError) {
        do {
            try check(format, type: column.type)
        } catch {
            throw error.about(column.name)
        }
    }

    private static func check(_ format: String, type: ContractType) throws(ContractError) {
        let (isDay, isTime, hasZone): (Bool, Bool, Bool)
        switch type {
        case .date: (isDay, isTime, hasZone) = (true, false, false)
        case .time: (isDay, isTime, hasZone) = (false, true, false)
        case .timestamp(_, let zone): (isDay, isTime, hasZone) = (true, true, zone != nil)
        default:
            throw ContractError(
                message: "format is for dates, times and timestamps, not for \(type.name); leave it out")
        }
        let used = try directives(of: format)
        var allowed: Set<Character> = ["%"]
        if isDay { allowed.formUnion(ofDates) }
        if isTime { allowed.formUnion(ofTimes) }
        if hasZone { allowed.insert("z") }
        if let other = used.first(where: { !allowed.contains($0) }) {
            throw ContractError(
                message: "%\(other) in the format '\(format)' is nothing that a \(type.name) has; it has "
                    + allowed.sorted().map { "%\($0)" }.joined(separator: " "))
        }
        let needed = (isDay ? [["Y", "y"], ["m", "b"], ["d"]] : [["H"], ["M"]]) + (hasZone ? [["z"]] : [])
        for choice in needed where !choice.contains(where: { used.contains(Character($0)) }) {
            throw ContractError(
                message: "the format '\(format)' does not say all of a \(type.name): it lacks "
                    + choice.map { "%\($0)" }.joined(separator: " or "))
        }
    }

    private static func directives(of format: String) throws(ContractError) -> [Character] {
        var used: [Character] = []
        var rest = format[...]
        while let percent = rest.firstIndex(of: "%") {
            rest = rest[rest.index(after: percent)...]
            guard let directive = rest.popFirst() else {
                throw ContractError(message: "the format '\(format)' ends with a lone %; write %% for a percent sign")
            }
            guard directive == "%" || !used.contains(directive) else {
                throw ContractError(message: "the format '\(format)' says %\(directive) twice; once is enough")
            }
            used.append(directive)
        }
        return used
    }
}
