import CasparianModel

/// Files whose content their plugin is given at another place, where it is not to be given it twice
/// (`PluginLimits.duplicateContent`).
package enum DuplicateRule {
    /// Who has the content that another file has, too.
    package struct Holder: Sendable {
        package var versionID: FileVersionID
        package var jobID: JobID
        /// Absolute.
        package var path: String

        package init(versionID: FileVersionID, jobID: JobID, path: String) {
            self.versionID = versionID
            self.jobID = jobID
            self.path = path
        }

        /// For the message of the job that is not needed.
        package var reason: String {
            "the same content as \(path), job \(jobID), and the plugin skips duplicate content"
        }
    }

    /// Whether a version's newest job makes those of other places with the same content needless.
    ///
    /// - Parameters:
    ///   - status: Of the job.
    ///   - isCurrent: Whether the place still has that version.
    ///   - replaces: Whether later content of a place takes the place of its earlier rows.
    package static func isHolder(_ status: JobStatus, isCurrent: Bool, replaces: Bool) -> Bool {
        status.isPending || (status == .completed && (isCurrent || !replaces))
    }

    /// What the event of a job says that is needed after all.
    package static let release = "its content is not processed at the other place"
}

/// Content that a place had before, and has again.
package enum ReturnedVersion {
    /// Whether a place's earlier content is processed anew when it comes back: its rows may have been replaced meanwhile.
    ///
    /// - Parameters:
    ///   - status: Of the newest job of the content that is back.
    ///   - hasNewerJob: Whether the plugin has had a job for other content of the place since.
    ///   - replaces: Whether later content of a place takes the place of its earlier rows.
    package static func isWanted(_ status: JobStatus?, hasNewerJob: Bool, replaces: Bool) -> Bool {
        status == .completed && hasNewerJob && replaces
    }
}

extension Sequence<SinkConfig> {
    /// Whether later content of a place takes the place of its earlier rows in one of the sinks. An option `mode` of a URI wins
    /// over the topic's mode, as in the sinks themselves.
    package var replacesRows: Bool {
        contains { sink in
            let options = sink.uri.split(separator: "?", maxSplits: 1).dropFirst().first ?? ""
            let word = options.split(separator: "&").last { $0.hasPrefix("mode=") }?.dropFirst("mode=".count)
            return word.map { $0 == SinkMode.replace.rawValue } ?? (sink.mode == .replace)
        }
    }
}
