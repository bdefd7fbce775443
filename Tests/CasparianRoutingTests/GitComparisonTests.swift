import CasparianRouting
import Foundation
import Testing

/// The same lists and paths through `git check-ignore`.
@Suite struct GitComparisonTests {
    private struct Case: Hashable {
        var folder: String
        var patterns: [String]
        var paths: [String]
    }

    @Test("4000 generated paths are ignored exactly when git ignores them", arguments: [1, 2, 3] as [UInt64])
    func generated(seed: UInt64) throws {
        var generator = SplitMix64(state: seed)
        let cases = (0..<200).map { Self.makeCase("case\($0)", &generator) }
        let ignoredByGit = try Self.askGit(cases)
        var ignoredCount = 0
        for item in cases {
            let matcher = try IgnoreMatcher(item.patterns)
            for path in item.paths {
                let expected = ignoredByGit.contains(item.folder + "/" + path)
                ignoredCount += expected ? 1 : 0
                #expect(matcher.matches(path) == expected, "\(item.patterns) on \(path)")
            }
        }
        #expect(ignoredCount > 400, "git must have said yes often enough for the comparison to mean something")
        #expect(ignoredCount < 3600)
    }

    private static func makeCase(_ folder: String, _ generator: inout SplitMix64) -> Case {
        let names = ["a", "b", "ab", "abc", "data", "a.csv", "b.csv", "x.tar.gz", ".hidden", "a b", "ü.csv", "[a]"]
        let wild = [
            "a", "b", "ab", "data", "*", "*.csv", "a*", "*b*", "?", "??", "[ab]", "[!a]*", "[a-c]b", "*.[ct]*", "**",
            "***", "*.tar.gz", ".*", "a\\*", "[[:alpha:]]", "\\[a]", "*a*b*c*", "*[", "[^.]*.*", "a b", "ü*", "[]a]*",
        ]
        func pattern() -> String {
            var text = Int.random(in: 0..<5, using: &generator) == 0 ? "!" : ""
            if Int.random(in: 0..<4, using: &generator) == 0 { text += "/" }
            let count = [1, 1, 1, 2, 2, 3, 4].randomElement(using: &generator) ?? 1
            text += (0..<count).map { _ in wild.randomElement(using: &generator) ?? "a" }.joined(separator: "/")
            if Int.random(in: 0..<4, using: &generator) == 0 { text += "/" }
            return text
        }
        func path() -> String {
            let count = Int.random(in: 1...4, using: &generator)
            return (0..<count).map { _ in names.randomElement(using: &generator) ?? "a" }.joined(separator: "/")
        }
        return Case(
            folder: folder, patterns: (0..<Int.random(in: 1...5, using: &generator)).map { _ in pattern() },
            paths: (0..<20).map { _ in path() })
    }

    /// The paths that git ignores, each with its case's folder in front.
    private static func askGit(_ cases: [Case]) throws -> Set<String> {
        let files = FileManager.default
        let folder = files.temporaryDirectory.appendingPathComponent("git-\(UUID().uuidString)")
        defer { try? files.removeItem(at: folder) }
        for item in cases {
            let place = folder.appendingPathComponent(item.folder)
            try files.createDirectory(at: place, withIntermediateDirectories: true)
            try Data((item.patterns.joined(separator: "\n") + "\n").utf8)
                .write(to: place.appendingPathComponent(".gitignore"))
        }
        let input = folder.appendingPathComponent("input")
        let paths = cases.flatMap { item in item.paths.map { item.folder + "/" + $0 } }
        try Data(paths.joined(separator: "\0").utf8).write(to: input)
        _ = try run(["init", "-q", "."], in: folder, input: nil)
        let output = try run(["check-ignore", "--no-index", "-z", "--stdin"], in: folder, input: input)
        return Set(output.split(separator: 0).map { String(decoding: $0, as: UTF8.self) })
    }

    private static func run(_ arguments: [String], in folder: URL, input: URL?) throws -> Data {
        let output = folder.appendingPathComponent("output")
        try Data().write(to: output)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["git", "-c", "core.excludesFile=/dev/null", "-c", "core.ignoreCase=false"] + arguments
        process.currentDirectoryURL = folder
        process.standardInput = try input.map { try FileHandle(forReadingFrom: $0) } ?? FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: output)
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus <= 1, "git \(arguments) failed")
        return try Data(contentsOf: output)
    }
}

/// Small seeded generator (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
