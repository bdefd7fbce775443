import Glibc

/// Programs as a shell finds them.
enum ProgramPath {
    /// - Parameters:
    ///   - name: Without a slash.
    ///   - path: The variable `PATH`; nil for the usual folders.
    /// - Returns: Absolute; nil if no folder has an executable of that name.
    static func find(_ name: String, in path: String?) -> String? {
        let places: [String] = (path ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":").map { "\($0)/\(name)" }
        return places.first { access($0, X_OK) == 0 }
    }
}
