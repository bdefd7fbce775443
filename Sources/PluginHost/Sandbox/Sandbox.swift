import Foundation

/// Runs a guest so that it reads what the worker reads and writes nothing but a folder of its own: bubblewrap.
///
/// https://github.com/containers/bubblewrap
struct Sandbox: Hashable, Sendable {
    /// Absolute path of `bwrap`.
    var program: String
    /// Files and folders that a guest does not see.
    var hidden: [String] = []

    /// Where programs listen on sockets of the file system, with what of it a guest needs all the same.
    private static let socketsFolder = "/run"
    private static let shown = ["/run/media", "/run/systemd/resolve", "/run/current-system"]

    /// The arguments of `program` that stand before the guest's own command.
    ///
    /// - Parameters:
    ///   - scratch: The folder that the guest may write to; absolute.
    ///   - allowsNetwork: Without it there is no interface but a loopback of the guest's own.
    func arguments(scratch: String?, allowsNetwork: Bool) -> [String] {
        var arguments = ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", Self.socketsFolder]
        for path in Self.shown { arguments += ["--ro-bind-try", path, path] }
        for path in hidden {
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { continue }
            arguments += isFolder.boolValue ? ["--tmpfs", path] : ["--ro-bind", "/dev/null", path]
        }
        if let scratch { arguments += ["--bind", scratch, scratch] }
        arguments += ["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--die-with-parent"]
        if !allowsNetwork { arguments.append("--unshare-net") }
        arguments += ["--cap-drop", "ALL"]
        // A worker of root reads everybody's files, and so do its plugins.
        if geteuid() == 0 { arguments += ["--cap-add", "CAP_DAC_READ_SEARCH"] }
        return arguments + ["--"]
    }

    /// Finds `bwrap` and tries it out, which tells whether this machine lets this user have what it needs.
    ///
    /// - Parameter path: The variable `PATH`.
    /// - Throws: `PluginSandboxMissing`.
    static func find(in path: String?) throws(PluginSandboxMissing) -> Sandbox {
        guard let program = ProgramPath.find("bwrap", in: path) else {
            throw PluginSandboxMissing(reason: "bwrap is not on PATH; install bubblewrap")
        }
        let sandbox = Sandbox(program: program)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = sandbox.arguments(scratch: nil, allowsNetwork: false) + ["/bin/true"]
        let complaints = Pipe()
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = complaints
        do { try process.run() } catch {
            throw PluginSandboxMissing(reason: "\(program) cannot be started: \(error.localizedDescription)")
        }
        let said = (try? complaints.fileHandleForReading.readToEnd()).map { String(decoding: $0, as: UTF8.self) } ?? ""
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            let reason = said.trimmingCharacters(in: .whitespacesAndNewlines)
            throw PluginSandboxMissing(
                reason: "\(program) does not work for this user on this machine: "
                    + (reason.isEmpty ? "exit status \(process.terminationStatus)" : reason))
        }
        return sandbox
    }
}
