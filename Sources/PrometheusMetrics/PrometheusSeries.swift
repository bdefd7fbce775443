import CoreMetrics
import Synchronization

/// One combination of labels of a metric.
protocol PrometheusSeries: AnyObject, Sendable {
    /// - Parameter labels: Without braces.
    func write(name: String, labels: String, to out: inout String)
}

final class CounterSeries: PrometheusSeries, CounterHandler {
    private let value = Atomic<Int64>(0)

    func increment(by amount: Int64) {
        value.wrappingAdd(amount, ordering: .relaxed)
    }

    func reset() { value.store(0, ordering: .relaxed) }

    func write(name: String, labels: String, to out: inout String) {
        out += PrometheusText.line(name, labels, String(value.load(ordering: .relaxed)))
    }
}

final class GaugeSeries: PrometheusSeries, MeterHandler, RecorderHandler {
    private let value = Mutex(0.0)

    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { self.value.withLock { $0 = value } }
    func increment(by amount: Double) { value.withLock { $0 += amount } }
    func decrement(by amount: Double) { value.withLock { $0 -= amount } }
    func record(_ value: Int64) { set(Double(value)) }
    func record(_ value: Double) { set(value) }

    func write(name: String, labels: String, to out: inout String) {
        out += PrometheusText.line(name, labels, PrometheusText.number(value.withLock { $0 }))
    }
}

final class HistogramSeries: PrometheusSeries, RecorderHandler, TimerHandler {
    private struct State {
        /// One for each bound, and one for what lies above the last.
        var counts: [Int64]
        var sum = 0.0
    }

    private let bounds: [Double]
    private let state: Mutex<State>

    /// - Parameter bounds: Ascending; a value belongs to the first that is not below it.
    init(bounds: [Double]) {
        self.bounds = bounds
        state = Mutex(State(counts: Array(repeating: 0, count: bounds.count + 1)))
    }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }
    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        guard !value.isNaN else { return }
        let index = bounds.firstIndex { value <= $0 } ?? bounds.count
        state.withLock { state in
            state.counts[index] += 1
            state.sum += value
        }
    }

    func write(name: String, labels: String, to out: inout String) {
        let state = state.withLock { $0 }
        var total: Int64 = 0
        for (index, count) in state.counts.enumerated() {
            total += count
            let bound = index < bounds.count ? PrometheusText.number(bounds[index]) : "+Inf"
            let all = (labels.isEmpty ? "" : labels + ",") + "le=\"\(bound)\""
            out += PrometheusText.line(name + "_bucket", all, String(total))
        }
        out += PrometheusText.line(name + "_sum", labels, PrometheusText.number(state.sum))
        out += PrometheusText.line(name + "_count", labels, String(total))
    }
}
