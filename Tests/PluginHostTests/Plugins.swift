import CasparianModel
import CasparianPluginRuntime
import CasparianTestKit
import Foundation
import PluginHost

/// A fresh folder of Python plugins and the interpreter that runs them; gone with the value.
final class Plugins: Sendable {
    private let folder: TemporaryFolder
    var path: String { folder.path }

    /// - Parameter sources: Python text by plugin name.
    init(_ sources: [String: String] = [:]) throws {
        folder = try TemporaryFolder()
        for (name, source) in sources { try write(source, to: name) }
    }

    func file(_ name: String) -> String { folder.file(name) }

    func write(_ source: String, to name: String) throws { try folder.write(source, to: name + ".py") }

    private static let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    func runtime(_ change: (inout PythonPlugins.Options) -> Void = { _ in }) -> PythonPlugins {
        var options = PythonPlugins.Options(
            folder: path, python: Self.package + "/.deps/python/bin/python3", sdkFolder: Self.package + "/python")
        change(&options)
        return PythonPlugins(options)
    }

    /// The plugin as an order; the file it is to read need not be there.
    func invocation(
        _ plugin: String, parameters: String? = nil, job: Int64 = 1, textColumns: Set<String> = [],
        resources: ResourceLimits = ResourceLimits()
    ) -> PluginInvocation {
        PluginInvocation(
            pluginName: plugin, filePath: file("input.txt"), fileVersionID: 5, jobID: JobID(job),
            parameters: parameters, textColumns: textColumns, resources: resources)
    }
}

/// A plugin with one method `consume` that has this body.
func consuming(_ body: String, before: String = "") -> String {
    let lines = body.split(separator: "\n", omittingEmptySubsequences: false).map { "        " + $0 }
    return """
        import os, signal, sys, time
        from casparian_flow.sdk import BasePlugin
        \(before)
        class Handler(BasePlugin):
            def consume(self, event):
        \(lines.joined(separator: "\n"))
        """
}
