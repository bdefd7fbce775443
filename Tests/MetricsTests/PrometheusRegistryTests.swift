import CoreMetrics
import Testing

@testable import PrometheusMetrics

@Suite("Metrics as Prometheus's text")
struct PrometheusRegistryTests {
    @Test("counters, gauges and timers are written with type, help and labels, in a stable order")
    func kinds() {
        let registry = PrometheusRegistry(help: ["b_total": "What was counted.\nTwo lines, one \\."])
        Counter(label: "b_total", dimensions: [("outcome", "lost")], factory: registry).increment(by: 2)
        Counter(label: "b_total", dimensions: [("outcome", "failed")], factory: registry).increment()
        Gauge(label: "a", factory: registry).record(7)
        #expect(
            registry.text() == #"""
                # TYPE a gauge
                a 7.0
                # HELP b_total What was counted.\nTwo lines, one \\.
                # TYPE b_total counter
                b_total{outcome="failed"} 1
                b_total{outcome="lost"} 2

                """#)
    }

    @Test("a timer is a histogram of seconds whose buckets add up")
    func histogram() {
        let registry = PrometheusRegistry()
        let timer = Timer(label: "wait_seconds", factory: registry)
        for milliseconds in [0, 1, 2, 700, 900_000] { timer.recordMilliseconds(Int64(milliseconds)) }
        let lines = Set(registry.text().split(separator: "\n").map(String.init))
        for line in [
            "# TYPE wait_seconds histogram", #"wait_seconds_bucket{le="0.0005"} 1"#,
            #"wait_seconds_bucket{le="0.001"} 2"#, #"wait_seconds_bucket{le="0.0025"} 3"#,
            #"wait_seconds_bucket{le="0.5"} 3"#, #"wait_seconds_bucket{le="1.0"} 4"#,
            #"wait_seconds_bucket{le="300.0"} 4"#, #"wait_seconds_bucket{le="+Inf"} 5"#, "wait_seconds_count 5",
            "wait_seconds_sum 900.703",
        ] {
            #expect(lines.contains(line), "\(line)")
        }
    }

    @Test("the same name and labels are one series, whoever asks")
    func sameSeries() {
        let registry = PrometheusRegistry()
        for _ in 0..<3 {
            Counter(label: "x_total", dimensions: [("a", "1"), ("b", "2")], factory: registry).increment()
        }
        Counter(label: "x_total", dimensions: [("b", "2"), ("a", "1")], factory: registry).increment()
        #expect(registry.text().hasSuffix("x_total{a=\"1\",b=\"2\"} 4\n"))
    }

    @Test("a name that is in use as another kind is counted nowhere and breaks nothing")
    func otherKind() {
        let registry = PrometheusRegistry()
        Counter(label: "x", factory: registry).increment()
        Gauge(label: "x", factory: registry).record(9)
        Timer(label: "x", factory: registry).recordSeconds(9)
        #expect(registry.text() == "# TYPE x counter\nx 1\n")
    }

    @Test("label values keep quotes, backslashes and line ends; names lose what is not allowed in them")
    func escapes() {
        let registry = PrometheusRegistry()
        Counter(label: "1 name-with.dots", dimensions: [("plug-in", "a\"b\\c\nd")], factory: registry).increment()
        #expect(registry.text().contains(#"__name_with_dots{plug_in="a\"b\\c\nd"} 1"#))
    }

    @Test(
        "an address is a numeric host and a port",
        arguments: [
            ("127.0.0.1:9464", true, true), ("[::1]:0", true, true), ("localhost:1", true, true),
            ("0.0.0.0:80", true, false), ("[::]:80", true, false), ("9464", false, false), ("host:80", false, false),
            ("127.0.0.1:", false, false), ("127.0.0.1:70000", false, false), ("::1:80:", false, false),
        ] as [(String, Bool, Bool)])
    func addresses(text: String, isUsable: Bool, isLoopback: Bool) {
        let address = MetricsAddress(text)
        #expect((address != nil) == isUsable)
        #expect((address?.isLoopback ?? false) == isLoopback)
    }
}
