import CasparianModel
import Foundation
import PluginHost

/// Where the Python interpreter and the package `casparian_flow` are.
enum PythonLocation {
    /// Folder that holds `casparian_flow`: beside an installed program, or in the source tree it was built from.
    static func sdkFolder(program: String) -> String? {
        let bin = Paths.parent(of: program)
        let installed = Paths.parent(of: bin) + "/lib/casparian/python"
        return ([installed] + ancestors(of: bin).map { $0 + "/python" })
            .first { FileManager.default.fileExists(atPath: $0 + "/casparian_flow/sdk.py") }
    }

    /// The interpreter: as set, else the one that `make deps` prepared, else `python3` on PATH.
    static func interpreter(setting: String?, program: String) -> String {
        if let setting { return setting.contains("/") ? Paths.absolute(setting) : setting }
        return ancestors(of: Paths.parent(of: program)).map { $0 + "/.deps/python/bin/python3" }
            .first { access($0, X_OK) == 0 } ?? "python3"
    }

    /// The running program's own path, symbolic links resolved.
    static var program: String {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
    }

    /// The folder and the ones above it, nearest first.
    private static func ancestors(of folder: String) -> [String] {
        var found: [String] = []
        var current = folder
        while current != "/", found.count < 32 {
            found.append(current)
            current = Paths.parent(of: current)
        }
        return found
    }
}
