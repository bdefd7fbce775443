import CasparianModel

/// What to tell an author whose plugin met the walls of its sandbox.
enum SandboxHint {
    /// Words of system errors that a missing network brings.
    private static let networkErrors = [
        "[Errno 101]", "Network is unreachable", "Temporary failure in name resolution", "Name or service not known",
        "[Errno -3]", "[Errno -2]",
    ]

    /// - Parameters:
    ///   - failure: The plugin's traceback.
    ///   - plugin: Its name.
    /// - Returns: Nil if the failure says nothing of a wall.
    static func hint(for failure: String, plugin: String, _ resources: ResourceLimits) -> String? {
        guard let line = failure.split(separator: "\n").last else { return nil }
        if line.contains("[Errno 30]") || line.contains("Read-only file system") {
            return
                "plugins run in a sandbox and may write to a folder of their own only: tempfile and $TMPDIR lead there. "
                + "What they make goes out as rows"
        }
        guard !resources.allowsNetwork, networkErrors.contains(where: line.contains) else { return nil }
        return "plugins run without a network; if this one may use it: casparian plugins set \(plugin) --network yes"
    }
}
