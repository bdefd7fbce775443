/// Patterns by what the paths they match must look like, so that a path is compared with the few that can match it.
struct PatternIndex: Sendable {
    private let patterns: [PathPattern]
    private let names: HashBuckets
    private let paths: HashBuckets
    /// By the last two bytes.
    private let endings: HashBuckets
    /// Those that end in a wildcard or in one plain byte.
    private let others: [Int]

    init(_ patterns: [PathPattern]) {
        var names: [(UInt64, Int)] = []
        var paths: [(UInt64, Int)] = []
        var endings: [(UInt64, Int)] = []
        var others: [Int] = []
        for (number, pattern) in patterns.enumerated() {
            switch pattern.key {
            case .name(let bytes): names.append((ByteHash(bytes).value, number))
            case .path(let bytes): paths.append((ByteHash(bytes).value, number))
            case .ending(let bytes) where bytes.count >= 2: endings.append((ByteHash(bytes.suffix(2)).value, number))
            case .ending: others.append(number)
            }
        }
        self.patterns = patterns
        self.names = HashBuckets(names)
        self.paths = HashBuckets(paths)
        self.endings = HashBuckets(endings)
        self.others = others
    }

    var isEmpty: Bool { patterns.isEmpty }
    subscript(number: Int) -> PathPattern { patterns[number] }

    /// Calls `matched` with the number of each pattern that names exactly this entry, in no order.
    @inline(__always)
    func forEachMatch(_ entry: PathEntry, _ matched: (Int) -> Void) {
        func check(_ number: Int) {
            if patterns[number].matches(entry.path, nameStart: entry.nameStart, isDirectory: entry.isDirectory) {
                matched(number)
            }
        }
        names.forEach(entry.nameHash.value, check)
        paths.forEach(entry.pathHash.value, check)
        let count = entry.path.count
        if count >= 2 { endings.forEach(ByteHash(entry.path[(count - 2)...]).value, check) }
        for number in others { check(number) }
    }
}

/// A path or one of the folders above it.
struct PathEntry {
    var path: UnsafeBufferPointer<UInt8>
    /// Where the last part begins.
    var nameStart: Int
    var isDirectory: Bool
    var pathHash: ByteHash
    var nameHash: ByteHash

    /// Calls `body` with every folder above the path, outermost first, and then with the path, until it returns false.
    @inline(__always)
    static func walk(_ path: UnsafeBufferPointer<UInt8>, isDirectory: Bool, _ body: (PathEntry) -> Bool) {
        var pathHash = ByteHash()
        var nameHash = ByteHash()
        var nameStart = 0
        for index in 0..<path.count {
            let byte = path[index]
            if byte == UInt8(ascii: "/") {
                let folder = PathEntry(
                    path: UnsafeBufferPointer(rebasing: path[..<index]), nameStart: nameStart, isDirectory: true,
                    pathHash: pathHash, nameHash: nameHash)
                guard body(folder) else { return }
                nameStart = index + 1
                nameHash = ByteHash()
            } else {
                nameHash.add(byte)
            }
            pathHash.add(byte)
        }
        _ = body(
            PathEntry(
                path: path, nameStart: nameStart, isDirectory: isDirectory, pathHash: pathHash, nameHash: nameHash))
    }
}

/// FNV-1a (Fowler, Noll, Vo), 64 bits: only finds candidates, equality is checked after.
struct ByteHash {
    private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325
    init() {}
    init(_ bytes: some Sequence<UInt8>) { for byte in bytes { add(byte) } }
    @inline(__always) mutating func add(_ byte: UInt8) { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }
}

/// Numbers by hash, in two flat arrays.
struct HashBuckets: Sendable {
    private let starts: [Int32]
    private let numbers: [Int32]
    private let mask: UInt64

    init(_ entries: [(hash: UInt64, number: Int)]) {
        var size = 1
        while size < entries.count * 4 { size *= 2 }
        let mask = UInt64(size - 1)
        var buckets = [[Int32]](repeating: [], count: size)
        for entry in entries { buckets[Int(Self.mixed(entry.hash) & mask)].append(Int32(entry.number)) }
        var starts: [Int32] = [0]
        for bucket in buckets { starts.append(starts[starts.count - 1] + Int32(bucket.count)) }
        self.starts = starts
        self.numbers = buckets.flatMap { $0 }
        self.mask = mask
    }

    private static func mixed(_ hash: UInt64) -> UInt64 { hash ^ (hash >> 32) }

    @inline(__always)
    func forEach(_ hash: UInt64, _ body: (Int) -> Void) {
        guard !numbers.isEmpty else { return }
        let bucket = Int(Self.mixed(hash) & mask)
        for index in starts[bucket]..<starts[bucket + 1] { body(Int(numbers[Int(index)])) }
    }
}
