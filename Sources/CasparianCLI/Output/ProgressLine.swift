import Foundation

/// One line on a terminal that is written over again and again; silent where nobody watches.
struct ProgressLine: Sendable {
    /// False where nobody watches.
    let isShown = Terminal.isInteractive

    /// Shows `text` in place of what was there.
    func show(_ text: String) {
        guard isShown else { return }
        Terminal.write("\r\u{1B}[2K" + text, to: STDERR_FILENO)
    }

    /// Removes the line.
    func clear() { show("") }
}
