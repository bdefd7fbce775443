import Foundation

/// The sandbox that plugins run in, on a machine where it works.
public struct PluginSandbox: Hashable, Sendable {
    let sandbox: Sandbox

    /// Finds bubblewrap and tries it out; some 10 ms.
    ///
    /// - Parameters:
    ///   - path: The variable `PATH`.
    ///   - hidden: Files and folders that plugins do not see; absolute.
    /// - Returns: The sandbox, or why there is none.
    public static func find(in path: String?, hiding hidden: [String] = []) -> Result<
        PluginSandbox, PluginSandboxMissing
    > {
        Result { () throws(PluginSandboxMissing) in
            var sandbox = try Sandbox.find(in: path)
            sandbox.hidden = hidden
            return PluginSandbox(sandbox: sandbox)
        }
    }

    /// Absolute path of the program that makes it.
    public var program: String { sandbox.program }
}

/// There is no sandbox on this machine, or not for this user.
public struct PluginSandboxMissing: Error, Hashable, Sendable, CustomStringConvertible {
    public let reason: String
    public var description: String { reason }
}
