/// Decimals as PostgreSQL's numeric: digits to the base of 10,000, aligned at the point.
///
/// The form is what `numeric_recv` reads (src/backend/utils/adt/numeric.c): count of digits, weight of the first, sign,
/// digits after the point, then the digits, each 16 bits.
struct NumericForm {
    /// Makes the last digit end at a multiple of four digits from the point.
    let factor: UInt64
    /// What the weight of the first of `count` digits is, minus `count`.
    let weight: Int
    let scale: UInt16

    /// Digits to the base of 10,000 of 256 bits and a factor of 1,000.
    private static let digitsMax = 21
    static let bytesMax = 8 + digitsMax * 2

    /// - Parameter scale: Digits after the point; negative for zeros before it.
    init(scale: Int) {
        let padding = scale >= 0 ? (4 - scale % 4) % 4 : -scale % 4
        factor = [1, 10, 100, 1000][padding]
        weight = scale >= 0 ? -1 - (scale + padding) / 4 : -1 + -scale / 4
        self.scale = UInt16(max(scale, 0))
    }

    /// Writes length and cell.
    ///
    /// - Parameters:
    ///   - magnitude: Without sign.
    ///   - isNegative: Its sign.
    ///   - cursor: Where to write; moved behind it.
    @inline(__always)
    func put(_ magnitude: UInt64, isNegative: Bool, to cursor: inout UnsafeMutableRawPointer) {
        let (product, overflow) = magnitude.multipliedReportingOverflow(by: factor)
        if overflow { return put([magnitude], isNegative: isNegative, to: &cursor) }
        var rest = product
        withUnsafeTemporaryAllocation(of: UInt16.self, capacity: Self.digitsMax) { digits in
            var count = 0
            while rest != 0 {
                digits[count] = UInt16(truncatingIfNeeded: rest % 10_000)
                rest /= 10_000
                count += 1
            }
            put(UnsafeMutableBufferPointer(rebasing: digits[..<count]), isNegative, to: &cursor)
        }
    }

    /// The same for more than 64 bits, the lowest first.
    func put(_ magnitude: [UInt64], isNegative: Bool, to cursor: inout UnsafeMutableRawPointer) {
        var limbs = magnitude + [0]
        var carry: UInt64 = 0
        for index in limbs.indices {
            let (high, low) = limbs[index].multipliedFullWidth(by: factor)
            let (sum, overflow) = low.addingReportingOverflow(carry)
            limbs[index] = sum
            carry = high + (overflow ? 1 : 0)
        }
        withUnsafeTemporaryAllocation(of: UInt16.self, capacity: Self.digitsMax) { digits in
            var count = 0
            while let top = limbs.lastIndex(where: { $0 != 0 }) {
                // Four digits at a time.
                var remainder: UInt64 = 0
                for index in stride(from: top, through: 0, by: -1) {
                    (limbs[index], remainder) = Self.groups.dividingFullWidth((remainder, limbs[index]))
                }
                let isLast = limbs[...top].allSatisfy { $0 == 0 }
                for _ in 0..<4 where !isLast || remainder != 0 {
                    digits[count] = UInt16(truncatingIfNeeded: remainder % 10_000)
                    remainder /= 10_000
                    count += 1
                }
            }
            put(UnsafeMutableBufferPointer(rebasing: digits[..<count]), isNegative, to: &cursor)
        }
    }

    private static let groups: UInt64 = 10_000_000_000_000_000

    /// - Parameter digits: The lowest first.
    @inline(__always)
    private func put(
        _ digits: UnsafeMutableBufferPointer<UInt16>, _ isNegative: Bool, to cursor: inout UnsafeMutableRawPointer
    ) {
        let count = digits.count
        cursor.put(Int32(8 + count * 2))
        cursor.put(Int16(count))
        cursor.put(Int16(count == 0 ? 0 : count + weight))
        cursor.put(isNegative ? UInt16(0x4000) : 0)
        cursor.put(scale)
        for index in stride(from: count - 1, through: 0, by: -1) { cursor.put(digits[index]) }
    }
}

extension UnsafeMutableRawPointer {
    /// Writes an integer, the highest byte first, and moves behind it.
    @inline(__always)
    mutating func put(_ number: some FixedWidthInteger & BitwiseCopyable) {
        let bytes = number.bigEndian
        storeBytes(of: bytes, as: type(of: bytes))
        self += MemoryLayout.size(ofValue: bytes)
    }
}
