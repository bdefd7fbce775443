/// What of this process's environment plugins get to see: what a program needs to find its files, its language and its
/// libraries, and what a person names. Credentials are mostly handed over in variables, so the rest stays here.
public struct GuestEnvironment: Hashable, Sendable {
    /// Names that are always passed on; a star at the beginning or the end stands for anything.
    public static let always = [
        // Where things are.
        "PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "TMP", "TEMP", "XDG_CACHE_HOME", "XDG_DATA_DIRS",
        // Language and time.
        "LANG", "LANGUAGE", "LC_*", "TZ", "TZDIR", "TERM",
        // Python and the libraries that it loads.
        "PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE", "PYTHONHASHSEED", "PYTHONUTF8", "PYTHONIOENCODING",
        "PYTHONWARNINGS", "PYTHONPYCACHEPREFIX", "VIRTUAL_ENV", "CONDA_PREFIX", "LD_LIBRARY_PATH", "ARROW_*",
        "POLARS_*", "OMP_*", "*_NUM_THREADS", "MALLOC_*", "MIMALLOC_*",
        // Certificates that servers are checked with.
        "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE",
    ]

    /// What guests are given.
    public let variables: [String: String]
    /// Names that this process has and they are not given.
    public let withheld: Set<String>

    /// What the program that installs packages is given beside that: where they come from, and how it gets there.
    public let forBuilding: [String: String]

    private static let building = ["PIP_*", "UV_*", "*_proxy", "*_PROXY"]

    /// - Parameters:
    ///   - environment: Of this process.
    ///   - named: Further names that are passed on, with the same star.
    public init(of environment: [String: String], passing named: [String] = []) {
        let patterns = Self.always + named
        variables = environment.filter { variable in patterns.contains { Self.matches(variable.key, $0) } }
        let all = patterns + Self.building
        forBuilding = environment.filter { variable in all.contains { Self.matches(variable.key, $0) } }
        withheld = Set(environment.keys).subtracting(variables.keys)
    }

    /// What to tell an author whose plugin asked for a variable that it is not given; nil if the failure says nothing of one.
    ///
    /// - Parameter failure: Its traceback.
    func hint(for failure: String) -> String? {
        // The last line of a traceback, as `os.environ[...]` and `os.getenvb` leave it.
        guard let line = failure.split(separator: "\n").last, line.hasPrefix("KeyError: ") else { return nil }
        let name = line.dropFirst("KeyError: ".count).drop { $0 == "b" }.trimmingPrefix { $0 == "'" }
            .prefix { $0 != "'" }
        guard withheld.contains(String(name)) else { return nil }
        return "plugins are not given the variable \(name) of the worker's environment; name it in plugin_environment "
            + "(casparian.yaml) if they may have it"
    }

    private static func matches(_ name: String, _ pattern: String) -> Bool {
        if pattern.hasSuffix("*") { return name.hasPrefix(pattern.dropLast()) }
        if pattern.hasPrefix("*") { return name.hasSuffix(pattern.dropFirst()) }
        return name == pattern
    }
}
