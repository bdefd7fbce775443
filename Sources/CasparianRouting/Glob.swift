/// Wildcards over a path: `*` and `?` stop at `/`, `**` between slashes does not.
struct Glob: Hashable, Sendable {
    private enum Token: Hashable {
        case byte(UInt8)
        case any
        case set(Set)
        /// `*`
        case star
        /// `**/` in front or in the middle: no folder or more of them.
        case folders
        /// `/**` at the end, without its slash: everything below.
        case rest
        /// An unclosed bracket: matches nothing.
        case never
    }

    /// The bytes of a bracket expression, as 256 bits.
    private struct Set: Hashable {
        var bits: SIMD4<UInt64> = .zero
        mutating func insert(_ byte: UInt8) { bits[Int(byte >> 6)] |= 1 << UInt64(byte & 63) }
        func contains(_ byte: UInt8) -> Bool { bits[Int(byte >> 6)] & (1 << UInt64(byte & 63)) != 0 }
        mutating func invert() { bits = ~bits }
    }

    private let tokens: [Token]

    /// The plain bytes that every match ends in.
    var ending: [UInt8] {
        var bytes: [UInt8] = []
        for token in tokens.reversed() {
            guard case .byte(let byte) = token else { break }
            bytes.append(byte)
        }
        return bytes.reversed()
    }

    /// - Parameter isPath: The pattern is matched against whole paths, so that `**` has its meaning.
    init(_ bytes: [UInt8], isPath: Bool) { tokens = Self.compile(bytes, isPath) }

    // MARK: Compiling

    private static func compile(_ bytes: [UInt8], _ isPath: Bool) -> [Token] {
        var tokens: [Token] = []
        var position = 0
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "*"): tokens.append(stars(bytes, &position, isPath))
            case UInt8(ascii: "?"):
                tokens.append(.any)
                position += 1
            case UInt8(ascii: "["): tokens.append(bracket(bytes, &position))
            case UInt8(ascii: "\\") where position + 1 < bytes.count:
                tokens.append(.byte(bytes[position + 1]))
                position += 2
            default:
                tokens.append(.byte(bytes[position]))
                position += 1
            }
        }
        return tokens
    }

    private static func stars(_ bytes: [UInt8], _ position: inout Int, _ isPath: Bool) -> Token {
        let start = position
        while position < bytes.count, bytes[position] == UInt8(ascii: "*") { position += 1 }
        let slash = UInt8(ascii: "/")
        let startsPart = start == 0 || bytes[start - 1] == slash
        guard position - start >= 2, startsPart, isPath else { return .star }
        if position == bytes.count { return .rest }
        guard bytes[position] == slash else { return .star }
        position += 1
        return .folders
    }

    private static func bracket(_ bytes: [UInt8], _ position: inout Int) -> Token {
        var set = Set()
        var index = position + 1
        let negates = index < bytes.count && (bytes[index] == UInt8(ascii: "!") || bytes[index] == UInt8(ascii: "^"))
        if negates { index += 1 }
        var isFirst = true
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "]") && !isFirst {
                if negates { set.invert() }
                position = index + 1
                return .set(set)
            }
            isFirst = false
            if let members = namedClass(bytes, &index) {
                members.forEach { set.insert($0) }
                continue
            }
            guard let low = member(bytes, &index) else { break }
            if index + 1 < bytes.count, bytes[index] == UInt8(ascii: "-"), bytes[index + 1] != UInt8(ascii: "]") {
                index += 1
                guard let high = member(bytes, &index) else { break }
                if low <= high { for byte in low...high { set.insert(byte) } }
            } else {
                set.insert(low)
            }
        }
        position = bytes.count
        return .never
    }

    private static func member(_ bytes: [UInt8], _ index: inout Int) -> UInt8? {
        if bytes[index] == UInt8(ascii: "\\") { index += 1 }
        guard index < bytes.count else { return nil }
        defer { index += 1 }
        return bytes[index]
    }

    /// `[:alpha:]` and its kin.
    private static func namedClass(_ bytes: [UInt8], _ index: inout Int) -> [UInt8]? {
        guard bytes[index...].starts(with: "[:".utf8) else { return nil }
        let tests: [(String, (UInt8) -> Bool)] = [
            ("alpha", { ($0 | 32) >= 97 && ($0 | 32) <= 122 }), ("digit", { $0 >= 48 && $0 <= 57 }),
            ("alnum", { (($0 | 32) >= 97 && ($0 | 32) <= 122) || ($0 >= 48 && $0 <= 57) }),
            ("upper", { $0 >= 65 && $0 <= 90 }), ("lower", { $0 >= 97 && $0 <= 122 }),
            ("space", { $0 == 32 || (9...13).contains($0) }), ("blank", { $0 == 32 || $0 == 9 }),
            (
                "punct",
                { (33...126).contains($0) && !((($0 | 32) >= 97 && ($0 | 32) <= 122) || ($0 >= 48 && $0 <= 57)) }
            ),
            ("cntrl", { $0 < 32 || $0 == 127 }), ("graph", { (33...126).contains($0) }),
            ("print", { (32...126).contains($0) }),
            ("xdigit", { ($0 >= 48 && $0 <= 57) || (($0 | 32) >= 97 && ($0 | 32) <= 102) }),
        ]
        for (name, test) in tests where bytes[index...].starts(with: "[:\(name):]".utf8) {
            index += name.utf8.count + 4
            return (UInt8(0)...127).filter(test)
        }
        return nil
    }

    // MARK: Matching

    /// Takes at most pattern times text steps and no memory.
    ///
    /// A star begins a new try one byte further when what follows it fails, `**/` one folder further. Only the last of
    /// each needs remembering: if the part between two wildcards fits early, nothing is gained by fitting it later.
    func matches(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        tokens.withUnsafeBufferPointer { Self.match($0, text) }
    }

    private static func match(_ tokens: UnsafeBufferPointer<Token>, _ text: UnsafeBufferPointer<UInt8>) -> Bool {
        let slash = UInt8(ascii: "/")
        var token = 0
        var position = 0
        var star: (token: Int, position: Int)?
        var folders: (token: Int, position: Int)?
        while true {
            if token == tokens.count {
                if position == text.count { return true }
            } else {
                switch tokens[token] {
                case .star:
                    star = (token + 1, position)
                    token += 1
                    continue
                case .folders:
                    folders = (token + 1, position)
                    star = nil
                    token += 1
                    continue
                case .rest: if position < text.count { return true }
                case .never: return false
                case let single:
                    if position < text.count, accepts(single, text[position]) {
                        if text[position] == slash { star = nil }
                        token += 1
                        position += 1
                        continue
                    }
                }
            }
            if let last = star, last.position < text.count, text[last.position] != slash {
                star = (last.token, last.position + 1)
                token = last.token
                position = last.position + 1
            } else if let last = folders {
                guard let next = text[last.position...].firstIndex(of: slash) else { return false }
                folders = (last.token, next + 1)
                star = nil
                token = last.token
                position = next + 1
            } else {
                return false
            }
        }
    }

    private static func accepts(_ token: Token, _ byte: UInt8) -> Bool {
        switch token {
        case .byte(let expected): expected == byte
        case .any: byte != UInt8(ascii: "/")
        case .set(let set): byte != UInt8(ascii: "/") && set.contains(byte)
        case .star, .folders, .rest, .never: false
        }
    }
}
