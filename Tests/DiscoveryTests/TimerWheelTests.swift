import CasparianTestKit
import FileDiscovery
import Testing

@Suite struct TimerWheelTests {
    @Test func `keys come when they are due, moved and removed ones too, like in a plain dictionary`() {
        for seed in 0..<200 {
            var random = SeededRandom(seed: UInt64(seed))
            let start = Int64(random.next() % 1000)
            var wheel = TimerWheel<Int>(slots: Int(random.next() % 20) + 1, now: start)
            var model: [Int: Int64] = [:]
            var now = start
            for _ in 0..<200 {
                let key = Int(random.next() % 12)
                switch random.next() % 4 {
                case 0, 1:
                    let due = now + Int64(random.next() % 100) - 5
                    wheel.set(key, due: due)
                    model[key] = max(due, now)
                case 2:
                    wheel.remove(key)
                    model[key] = nil
                default:
                    now += Int64(random.next() % 60)
                    let due = model.filter { $0.value <= now }.keys
                    #expect(Set(wheel.advance(to: now)) == Set(due))
                    for key in due { model[key] = nil }
                }
                #expect(wheel.count == model.count && wheel.due(key) == model[key])
                if let first = model.values.min() {
                    #expect(wheel.next.map { $0 <= first } == true, "never too late")
                } else {
                    #expect(wheel.next == nil)
                }
            }
        }
    }
}
