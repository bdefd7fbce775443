import CasparianCatalog
import CasparianModel
import FileDiscovery
import Logging

/// Keeps one root's files on record: a loop over messages, of which announcements, timers and finished work are some.
///
/// Looks and scans run beside the loop, so that a file that takes long to read delays no other.
final class RootWatcher: Sendable {
    enum Message: Sendable {
        case events([FolderWatch.Event])
        case tick
        case scanSoon
        case looked([String: Bool], ScanReport?)
        case scanned(folder: String, ScanReport?, failure: String?)
        case stop
    }

    private let root: SourceRoot
    private let scout: Scout
    private let pace: ScoutService.Pace
    private let logger: Logger
    private let now: @Sendable () -> Timestamp
    private let onReport: @Sendable (ScanReport) -> Void
    private let messages: AsyncStream<Message>
    private let sender: AsyncStream<Message>.Continuation

    init(
        root: SourceRoot, scout: Scout, pace: ScoutService.Pace, logger: Logger,
        now: @escaping @Sendable () -> Timestamp, onReport: @escaping @Sendable (ScanReport) -> Void
    ) {
        self.root = root
        self.scout = scout
        self.pace = pace
        self.logger = logger
        self.now = now
        self.onReport = onReport
        (messages, sender) = AsyncStream.makeStream(of: Message.self)
    }

    /// Looks at the whole root at the next opportunity.
    func scanSoon() { sender.yield(.scanSoon) }

    func stop() { sender.yield(.stop) }

    /// Runs until stopped or cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            var agenda = Agenda(pace: pace)
            var watch = FolderWatch(root: root.path)
            var toldGap: String?
            var told: Set<String> = []
            listen(to: watch, &group)
            // What makes a watch complete: every folder is watched as it is read.
            agenda.scanSoon()
            sender.yield(.tick)
            var timer: (due: Int64, task: Task<Void, Never>)?
            loop: for await message in messages {
                if Task.isCancelled { break }
                switch message {
                case .events(let events):
                    for event in events {
                        if case .folderRemoved(let path) = event { watch.forget(path) }
                        agenda.heard(event)
                        if let file = marked(by: event) { agenda.heard(.touched(file)) }
                    }
                case .tick: timer = nil
                case .scanSoon: agenda.scanSoon()
                case .looked(let paths, let report): agenda.looked(at: paths, report, now())
                case .scanned(let folder, let report, let failure):
                    agenda.scanned(report, isWatched: watch.gap == nil && report?.alarms.isEmpty == true, now())
                    if report == nil {
                        // The root may be another folder by now, or will be.
                        watch.close()
                        watch = FolderWatch(root: root.path)
                        listen(to: watch, &group)
                    }
                    if folder.isEmpty { tellOfTrouble(failure, report?.alarms ?? [], &told) }
                    tell(watch.gap, &toldGap)
                case .stop: break loop
                }
                if let folder = agenda.nextScan() { scan(folder, watch, &group) }
                while let paths = agenda.nextLook() { look(paths, &group) }
                if let due = agenda.nextDue, timer.map({ $0.due > due }) ?? true {
                    timer?.task.cancel()
                    timer = (due, tick(at: due))
                }
            }
            timer?.task.cancel()
            watch.close()
            group.cancelAll()
        }
    }

    private func listen(to watch: FolderWatch, _ group: inout DiscardingTaskGroup) {
        group.addTask { [sender] in
            for await events in watch.events { sender.yield(.events(events)) }
        }
    }

    private func tick(at due: Int64) -> Task<Void, Never> {
        Task { [sender] in
            let pause = due - Agenda.clock()
            if pause > 0 { try? await Task.sleep(for: .milliseconds(pause)) }
            if !Task.isCancelled { sender.yield(.tick) }
        }
    }

    private func scan(_ folder: String, _ watch: FolderWatch, _ group: inout DiscardingTaskGroup) {
        group.addTask { [self] in
            var result: ScanReport?
            var failure: String?
            do {
                let report = try await scout.scan(root, below: folder, now: now(), entering: { watch.watch($0) })
                result = report
                onReport(report)
            } catch is CancellationError {
                return
            } catch {
                failure = "\(error)"
            }
            sender.yield(.scanned(folder: folder, result, failure: failure))
        }
    }

    private func look(_ paths: [String: Bool], _ group: inout DiscardingTaskGroup) {
        group.addTask { [self] in
            var result: ScanReport?
            do {
                let report = try await scout.look(root, at: paths, now: now())
                result = report
                onReport(report)
            } catch is CancellationError {
                return
            } catch {
                logger.error(
                    "files cannot be looked at; trying again",
                    metadata: ["root": "\(root.path)", "reason": "\(error)"])
            }
            sender.yield(.looked(paths, result))
        }
    }

    /// The file that the event's is the marker of.
    private func marked(by event: FolderWatch.Event) -> String? {
        switch event {
        case .touched(let path), .completed(let path): scout.configuration.settling.file(markedBy: path)
        default: nil
        }
    }

    /// Says once what keeps a root from being on record.
    private func tellOfTrouble(_ failure: String?, _ alarms: [DiscoveryAlarm], _ told: inout Set<String>) {
        if let failure, told.insert(failure).inserted {
            logger.error("scan failed; trying again", metadata: ["root": "\(root.path)", "reason": "\(failure)"])
        }
        for alarm in alarms where told.insert(alarm.folder + "\0" + alarm.message).inserted {
            let place = alarm.folder.isEmpty ? root.path : root.path + "/" + alarm.folder
            logger.error("files are missing", metadata: ["folder": "\(place)", "reason": "\(alarm.message)"])
        }
        if failure == nil, alarms.isEmpty, !told.isEmpty {
            told = []
            logger.info("root is as it should be again", metadata: ["root": "\(root.path)"])
        }
    }

    /// Says once why changes may be seen late.
    private func tell(_ gap: String?, _ told: inout String?) {
        guard gap != told else { return }
        told = gap
        if let gap {
            logger.warning(
                "changes are not all announced, so the whole root is looked at every \(pace.interval)",
                metadata: ["root": "\(root.path)", "reason": "\(gap)"])
        } else {
            logger.info("changes are announced again", metadata: ["root": "\(root.path)"])
        }
    }
}
