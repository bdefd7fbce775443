/// How a text writes a number.
struct NumberShape: Hashable {
    /// Digits before the point.
    var whole = 0
    /// Digits after it; nil without a point.
    var fraction: Int?
    var hasExponent = false
    /// Zeros before its first digit that counts.
    var hasLeadingZero = false
    var hasPlus = false

    /// Nil for what is no number: digits, at most one point with digits on both sides, and at most one exponent.
    init?(_ text: String) {
        var rest = Substring(text)
        if rest.first == "+" || rest.first == "-" {
            hasPlus = rest.first == "+"
            rest = rest.dropFirst()
        }
        func digits() -> Substring {
            let found = rest.prefix { ("0"..."9").contains($0) }
            rest = rest[found.endIndex...]
            return found
        }
        let before = digits()
        guard !before.isEmpty else { return nil }
        whole = before.count
        hasLeadingZero = before.count > 1 && before.first == "0"
        if rest.first == "." {
            rest = rest.dropFirst()
            let after = digits()
            guard !after.isEmpty else { return nil }
            fraction = after.count
        }
        if rest.first == "e" || rest.first == "E" {
            rest = rest.dropFirst()
            if rest.first == "+" || rest.first == "-" { rest = rest.dropFirst() }
            guard !digits().isEmpty else { return nil }
            hasExponent = true
        }
        guard rest.isEmpty else { return nil }
    }
}
