import CasparianTestKit
import Foundation

/// A real folder whose files somebody changes all the time, by a seed.
///
/// A file that is whole has a marker beside it (`1.txt.done`); whoever writes takes it away first and puts it back after, so
/// that a scan that goes by markers never sees half a content, however long the writer takes.
final class ChangingFolder: @unchecked Sendable {
    // Sendable since it is used by one thread at a time: by that of `change` until it has ended.

    typealias Content = [UInt8]

    /// When a file is whole.
    static let marker = "{name}.done"
    private static let linesMax = 90
    private static let namesMax = 4

    let root: TemporaryFolder
    /// Files are made here before they get their name.
    private let desk: TemporaryFolder
    private var random: SeededRandom
    /// Bytes of the finished content by path. Links have none: they are not followed.
    private(set) var current: [String: Content] = [:]
    private var links: [String: String] = [:]
    /// Every finished content that was ever at a path.
    private(set) var history: [String: Set<Content>] = [:]
    private(set) var story: [String] = []
    private var lastID = 0
    private var lastName = 0

    init(seed: UInt64) throws {
        root = try TemporaryFolder()
        desk = try TemporaryFolder()
        random = SeededRandom(seed: seed)
        for _ in 0..<3 { try create() }
    }

    /// Does so many things on a thread of its own, while others look.
    func change(times count: Int) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            DispatchQueue(label: "changes").async {
                continuation.resume(
                    with: Result {
                        for _ in 0..<count {
                            try self.step()
                            usleep(UInt32.random(in: 0...4000, using: &self.random))
                        }
                    })
            }
        }
    }

    /// Does one thing to one file.
    private func step() throws {
        let files = current.keys.sorted()
        guard let path = files.randomElement(using: &random) else { return try create() }
        switch Int.random(in: 0..<10, using: &random) {
        case 0 where files.count < Self.namesMax: try create()
        case 1: try append(path)
        case 2: try cut(path)
        case 3: try replace(path, keepsTime: false)
        case 4: try replace(path, keepsTime: true)
        case 5: try rewrite(path, keepsTime: random.oneIn(2))
        case 6: touch(path)
        case 7: rename(path)
        case 8 where files.count > 2: delete(path)
        case 9 where links.count < 2: link(to: path)
        default: setMode(path)
        }
        noteContents()
    }

    // MARK: Contents

    /// Lines that say which content they are of, and where in it they stand; every content differs from every other one.
    private func makeContent(lines count: Int? = nil) -> Content {
        lastID += 1
        let id = String(repeating: "0", count: 6 - String(lastID).count) + String(lastID)
        let count = count ?? Int.random(in: 1...Self.linesMax, using: &random)
        // All lines are as long as each other, so that as many of them are as many bytes.
        func two(_ number: Int) -> String { (number < 10 ? "0" : "") + String(number) }
        return Content((0..<count).map { "content \(id) line \(two($0)) of \(two(count))\n" }.joined().utf8)
    }

    private func noteContents() {
        for (path, content) in current { history[path, default: []].insert(content) }
    }

    private func newPath() -> String {
        lastName += 1
        return root.file("\(lastName).txt")
    }

    // MARK: What is done

    private func create() throws {
        let path = newPath()
        let content = makeContent()
        try write(content, to: path, keeping: nil, isNew: true)
        current[path] = content
        noteContents()
    }

    private func append(_ path: String) throws {
        let more = makeContent()
        let descriptor = try open(path, O_WRONLY | O_APPEND)
        try put(more, into: descriptor)
        finish(path, keeping: nil, descriptor)
        current[path]? += more
    }

    private func cut(_ path: String) throws {
        guard let content = current[path] else { return }
        let ends = content.indices.filter { content[$0] == UInt8(ascii: "\n") }
        guard let end = ends.dropLast().randomElement(using: &random) else { return }
        let descriptor = try open(path, O_WRONLY)
        guard ftruncate(descriptor, off_t(end + 1)) == 0 else { throw POSIXError(.EIO) }
        finish(path, keeping: nil, descriptor)
        current[path] = Content(content[...end])
    }

    /// Another file of the same size takes its name.
    private func replace(_ path: String, keepsTime: Bool) throws {
        guard let content = current[path] else { return }
        let other = similar(to: content)
        let made = desk.file("made")
        try write(other, to: made, keeping: keepsTime ? path : nil, isNew: true)
        note("replace", path)
        guard Foundation.rename(made, path) == 0 else { throw POSIXError(.EIO) }
        current[path] = other
    }

    /// Other bytes are written over those that are there, as many, in pieces.
    private func rewrite(_ path: String, keepsTime: Bool) throws {
        guard let content = current[path] else { return }
        let other = similar(to: content)
        try write(other, to: path, keeping: keepsTime ? path : nil, isNew: false)
        current[path] = other
    }

    /// As many bytes, all lines new.
    private func similar(to content: Content) -> Content {
        var rest = content.count { $0 == UInt8(ascii: "\n") }
        var other: Content = []
        while rest > 0 {
            let count = min(rest, Self.linesMax)
            other += makeContent(lines: count)
            rest -= count
        }
        return other
    }

    private func touch(_ path: String) {
        note("touch", path)
        date(path, back: oldTime())
    }

    private func setMode(_ path: String) {
        note("chmod", path)
        chmod(path, random.oneIn(2) ? 0o600 : 0o644)
    }

    private func rename(_ path: String) {
        let to = newPath()
        note("rename to \(to)", path)
        unmark(path)
        guard Foundation.rename(path, to) == 0 else { return }
        mark(to)
        current[to] = current.removeValue(forKey: path)
        dropLinks(to: path)
    }

    private func delete(_ path: String) {
        note("delete", path)
        unmark(path)
        unlink(path)
        current[path] = nil
        dropLinks(to: path)
    }

    private func link(to path: String) {
        let link = newPath()
        note("link \(link)", path)
        guard symlink(path, link) == 0 else { return }
        links[link] = path
    }

    /// They lead nowhere.
    private func dropLinks(to path: String) {
        for (link, target) in links where target == path { links[link] = nil }
    }

    private func mark(_ path: String) { close(Foundation.open(path + ".done", O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)) }

    private func unmark(_ path: String) { unlink(path + ".done") }

    // MARK: Writing

    private func open(_ path: String, _ flags: Int32) throws -> Int32 {
        note("write \(flags)", path)
        unmark(path)
        let descriptor = Foundation.open(path, flags | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw POSIXError(.EIO) }
        return descriptor
    }

    private func write(_ content: Content, to path: String, keeping old: String?, isNew: Bool) throws {
        var time: timespec?
        if let old {
            var status = stat()
            guard stat(old, &status) == 0 else { throw POSIXError(.EIO) }
            time = status.st_mtim
        }
        let descriptor = try open(path, isNew ? O_WRONLY | O_CREAT | O_TRUNC : O_WRONLY)
        try put(content, into: descriptor)
        if !isNew, ftruncate(descriptor, off_t(content.count)) != 0 { throw POSIXError(.EIO) }
        finish(path, keeping: time, descriptor)
    }

    /// In pieces, with pauses in which others see half of it.
    private func put(_ content: Content, into descriptor: Int32) throws {
        var rest = content[...]
        while !rest.isEmpty {
            let piece = rest.prefix(Int.random(in: 1...400, using: &random))
            let count = piece.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { throw POSIXError(.EIO) }
            rest = rest.dropFirst(count)
            if random.oneIn(2) { usleep(UInt32.random(in: 0...1500, using: &random)) }
        }
    }

    private func finish(_ path: String, keeping time: timespec?, _ descriptor: Int32) {
        close(descriptor)
        if let time = time ?? (random.oneIn(2) ? oldTime() : nil) { date(path, back: time) }
        mark(path)
    }

    private func oldTime() -> timespec {
        timespec(tv_sec: time(nil) - 7200 - Int.random(in: 0..<1000, using: &random), tv_nsec: 0)
    }

    private func date(_ path: String, back time: timespec) { _ = utimensat(AT_FDCWD, path, [time, time], 0) }

    private func note(_ what: String, _ path: String) {
        story.append("\(what): \(path.split(separator: "/").last.map(String.init) ?? path)")
    }
}
