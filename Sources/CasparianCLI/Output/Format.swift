/// Numbers as people read them.
enum Format {
    static func bytes(_ count: Int64) -> String {
        let units = ["B", "kB", "MB", "GB", "TB"]
        var value = Double(count)
        var unit = 0
        while value >= 1000, unit < units.count - 1 {
            value /= 1000
            unit += 1
        }
        return unit == 0 ? "\(count) B" : "\(decimal(value)) \(units[unit])"
    }

    static func seconds(_ duration: Duration) -> Double {
        let (seconds, attoseconds) = duration.components
        return Double(seconds) + Double(attoseconds) / 1e18
    }

    /// `119 MB/s`
    static func rate(_ count: Int64, in duration: Duration) -> String {
        bytes(Int64(Double(count) / max(seconds(duration), 1e-6))) + "/s"
    }

    static func duration(_ duration: Duration) -> String {
        let total = seconds(duration)
        if total < 1 { return "\(decimal(total * 1000)) ms" }
        if total < 120 { return "\(decimal(total)) s" }
        return "\(Int(total) / 60) min \(Int(total) % 60) s"
    }

    /// One digit after the point below 100, none above.
    static func decimal(_ value: Double) -> String {
        if value >= 100 { return String(Int(value.rounded())) }
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }

    static func count(_ number: Int, _ one: String, _ many: String? = nil) -> String {
        "\(number) \(number == 1 ? one : many ?? one + "s")"
    }
}
