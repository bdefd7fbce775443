import CasparianModel
import FileDiscovery
import Foundation

/// What a watched root still wants: files to look at and when, folders to scan, the next scan of everything. No I/O.
struct Agenda {
    /// Paths looked at together.
    static let lookMax = 512
    /// Looks at the same time.
    static let looksMax = 4
    /// More new folders than this at once are found by a scan of the whole root.
    static let foldersMax = 64
    /// Pause before a file is looked at again that was being written, or could not be looked at.
    static let retryMilliseconds: Int64 = 100

    private let pace: ScoutService.Pace
    private var wheel: TimerWheel<String>
    /// Files whose writer has closed them, of those on the wheel.
    private var completed: Set<String> = []
    /// Files that are being looked at, and whether something was heard of them meanwhile.
    private var looking: [String: Bool] = [:]
    private var looks = 0
    /// Files that are due.
    private var due: [String] = []
    private var folders: [String] = []
    private var isScanning = false
    private var wantsScan = false
    private var nextFullScan: Int64?
    private var scanStarted: Int64 = 0
    private var isFullScan = false

    init(pace: ScoutService.Pace) {
        self.pace = pace
        wheel = TimerWheel(now: Self.clock())
    }

    /// Milliseconds of a clock that nobody sets.
    static func clock() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    // MARK: What happens

    mutating func heard(_ event: FolderWatch.Event) {
        switch event {
        case .touched(let path):
            completed.remove(path)
            // The look itself finds out how long the file has been left alone.
            want(path, in: 0)
        case .completed(let path):
            completed.insert(path)
            want(path, in: 0)
        case .removed(let path):
            completed.remove(path)
            want(path, in: 0)
        case .folderAppeared(let path), .folderRemoved(let path): folders.append(path)
        case .lost: wantsScan = true
        }
    }

    mutating func scanSoon() { wantsScan = true }

    mutating func looked(at paths: [String: Bool], _ report: ScanReport?, _ now: Timestamp) {
        looks -= 1
        for path in paths.keys where looking.removeValue(forKey: path) == true { want(path, in: 0) }
        if let report {
            wait(for: report.unsettled, now)
        } else {
            for path in paths.keys { want(path, in: Self.retryMilliseconds * 10) }
        }
    }

    mutating func scanned(_ report: ScanReport?, isWatched: Bool, _ now: Timestamp) {
        isScanning = false
        if let report { wait(for: report.unsettled, now) }
        guard isFullScan else { return }
        let took = Self.clock() - scanStarted
        // A tree that takes long to look at is not looked at all the time.
        let pause = Self.milliseconds(isWatched && report != nil ? pace.watched : pace.interval)
        nextFullScan = Self.clock() + max(pause, took * 4)
    }

    private mutating func wait(for files: [ScanReport.Unsettled], _ now: Timestamp) {
        for file in files {
            // What waits for another file is looked at when that one appears, and by scans.
            guard let moment = file.notBefore else { continue }
            let pause = (moment.microsecondsSinceEpoch - now.microsecondsSinceEpoch + 999) / 1000
            want(file.relativePath, in: max(pause, Self.retryMilliseconds / 10))
        }
    }

    private mutating func want(_ path: String, in milliseconds: Int64) {
        if looking[path] != nil {
            looking[path] = true
            return
        }
        let moment = Self.clock() + milliseconds
        if let known = wheel.due(path), known <= moment { return }
        wheel.set(path, due: moment)
    }

    // MARK: What to do

    /// When there will be something to do; nil if only a message can bring it.
    var nextDue: Int64? {
        var moments: [Int64] = []
        if looks < Self.looksMax, let next = wheel.next { moments.append(next) }
        if !isScanning, let next = nextFullScan { moments.append(next) }
        return moments.min()
    }

    /// The files to look at now; nil if there are none or enough are being looked at.
    mutating func nextLook() -> [String: Bool]? {
        guard looks < Self.looksMax else { return nil }
        due += wheel.advance(to: Self.clock())
        guard !due.isEmpty else { return nil }
        var paths: [String: Bool] = [:]
        for path in due.suffix(Self.lookMax) {
            paths[path] = completed.remove(path) != nil
            looking[path] = false
        }
        due.removeLast(min(Self.lookMax, due.count))
        looks += 1
        return paths
    }

    /// The folder to scan now, empty for the whole root; nil if none, or while one is scanned.
    mutating func nextScan() -> String? {
        guard !isScanning else { return nil }
        if let next = nextFullScan, next <= Self.clock() { wantsScan = true }
        if wantsScan || folders.count > Self.foldersMax {
            (wantsScan, isScanning, isFullScan) = (false, true, true)
            folders.removeAll()
            nextFullScan = nil
            scanStarted = Self.clock()
            return ""
        }
        guard let first = folders.first else { return nil }
        folders.removeAll { PathParts.isPath($0, in: first) }
        (isScanning, isFullScan) = (true, false)
        return first
    }

    private static func milliseconds(_ duration: Duration) -> Int64 {
        let (seconds, attoseconds) = duration.components
        return seconds * 1000 + attoseconds / 1_000_000_000_000_000
    }
}
