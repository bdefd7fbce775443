import CoreMetrics
import Synchronization

/// Keeps what swift-metrics records and writes it as Prometheus's text format 0.0.4
/// (https://prometheus.io/docs/instrumenting/exposition_formats).
///
/// Counters become counters, gauges gauges, timers histograms in seconds, other recorders histograms in their own unit.
/// A label is taken as the metric's name; for a counter it ends in `_total`, for a timer in `_seconds`. Every
/// combination of dimensions that was used once stays to the end: use few.
public final class PrometheusRegistry: MetricsFactory {
    /// Upper bounds of histograms' buckets: half a millisecond to five minutes in steps of about 2.5.
    public static let bucketBounds: [Double] = [
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300,
    ]

    private struct Family {
        var kind: PrometheusKind
        var series: [String: any PrometheusSeries] = [:]
    }

    private let help: [String: String]
    private let families = Mutex<[String: Family]>([:])

    /// - Parameter help: What each metric means, by its name.
    public init(help: [String: String] = [:]) { self.help = help }

    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        series(label, dimensions, .counter) { CounterSeries() }
    }

    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        series(label, dimensions, .gauge) { GaugeSeries() }
    }

    public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        if aggregate {
            return series(label, dimensions, .histogram) { HistogramSeries(bounds: Self.bucketBounds) }
        }
        return series(label, dimensions, .gauge) { GaugeSeries() }
    }

    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        series(label, dimensions, .histogram) { HistogramSeries(bounds: Self.bucketBounds) }
    }

    // A series stays: what was counted once is scraped to the end of the process.
    public func destroyCounter(_ handler: any CounterHandler) {}
    public func destroyMeter(_ handler: any MeterHandler) {}
    public func destroyRecorder(_ handler: any RecorderHandler) {}
    public func destroyTimer(_ handler: any TimerHandler) {}

    /// Everything as text: families by name, series by labels.
    public func text() -> String {
        let families = families.withLock { $0 }
        var out = ""
        for (name, family) in families.sorted(by: { $0.key < $1.key }) {
            if let help = help[name] {
                let escaped = help.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
                out += "# HELP \(name) \(escaped)\n"
            }
            out += "# TYPE \(name) \(family.kind.rawValue)\n"
            for (labels, series) in family.series.sorted(by: { $0.key < $1.key }) {
                series.write(name: name, labels: labels, to: &out)
            }
        }
        return out
    }

    /// The series of these labels, made at its first use. One that is asked for as another kind counts for nobody:
    /// metrics never end the program.
    private func series<Series: PrometheusSeries>(
        _ label: String, _ dimensions: [(String, String)], _ kind: PrometheusKind, make: () -> Series
    ) -> Series {
        let name = PrometheusText.name(label)
        let labels = PrometheusText.labels(dimensions)
        return families.withLock { families in
            var family = families[name] ?? Family(kind: kind)
            if let known = family.series[labels] { return known as? Series ?? make() }
            guard family.kind == kind else { return make() }
            let new = make()
            family.series[labels] = new
            families[name] = family
            return new
        }
    }
}

/// The words of `# TYPE`.
enum PrometheusKind: String {
    case counter, gauge, histogram
}

/// Names, labels and numbers as the text format wants them.
enum PrometheusText {
    /// Letters, digits, `_` and `:`; anything else becomes `_`.
    static func name(_ text: String) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            let isLetter = ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || scalar == "_"
            let isDigit = ("0"..."9").contains(scalar)
            out.unicodeScalars.append(isLetter || scalar == ":" || (isDigit && !out.isEmpty) ? scalar : "_")
        }
        return out
    }

    /// `key="value",key="value"` by key, without braces; empty if there are none.
    static func labels(_ dimensions: [(String, String)]) -> String {
        dimensions.sorted { $0.0 < $1.0 }.map { key, value in
            let escaped = value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
                .replacing("\n", with: "\\n")
            return "\(name(key))=\"\(escaped)\""
        }.joined(separator: ",")
    }

    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return String(value)
    }

    static func line(_ name: String, _ labels: String, _ value: String) -> String {
        "\(name)\(labels.isEmpty ? "" : "{\(labels)}") \(value)\n"
    }
}
