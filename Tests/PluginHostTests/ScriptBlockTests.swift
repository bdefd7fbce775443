import Testing

@testable import PluginHost

@Suite("A script block") struct ScriptBlockTests {
    private func find(_ lines: [String]) -> ScriptBlock.Finding { ScriptBlock.find(in: lines.joined(separator: "\n")) }

    @Test func `is what stands between its marks, without the comment signs`() {
        let found = find([
            "#!/usr/bin/env python3", "# /// script", "# dependencies = [", "#   \"pandas\",", "# ]", "#", "# ///",
            "import pandas",
        ])
        #expect(found == .block(ScriptBlock(text: "dependencies = [\n  \"pandas\",\n]\n\n")))
    }

    @Test func `ends with the last closing line of its comment, so that one may stand within`() {
        let found = find(["# /// script", "# a = '''", "# ///", "# '''", "# ///", "x = 1", "# ///"])
        #expect(found == .block(ScriptBlock(text: "a = '''\n///\n'''\n")))
    }

    @Test(arguments: [
        ["import os"], ["#/// script", "# ///"], ["# ///script", "# ///"], ["# /// other", "# x = 1", "# ///"],
        ["x = '''", " # /// script", " # ///", "'''"], [],
    ])
    func `is not there without its exact opening line`(_ lines: [String]) { #expect(find(lines) == .none) }

    @Test(arguments: [
        (["# /// script", "# x = 1", "import os"], "line 1: no line '# ///'"),
        (["", "# /// script"], "line 2: no line '# ///'"),
        (["# /// script", "#x = 1", "# ///"], "line 1: no line '# ///'"),
        (["# /// script", "# ///", "", "# /// script", "# ///"], "2 script blocks"),
    ])
    func `that is not closed, or there twice, is named`(_ lines: [String], told: String) {
        guard case .broken(let reason) = find(lines) else {
            Issue.record("\(lines) gave \(find(lines))")
            return
        }
        #expect(reason.contains(told))
    }

    @Test func `may have lines that end with a carriage return`() {
        #expect(ScriptBlock.find(in: "# /// script\r\n# a = 1\r\n# ///\r\n") == .block(ScriptBlock(text: "a = 1\n")))
    }

    @Test func `has a key that its text and everything else decide`() {
        let block = ScriptBlock(text: "a")
        let keys = [block.key([]), block.key(["b"]), ScriptBlock(text: "ab").key([]), block.key(["", "b"])]
        #expect(Set(keys).count == keys.count && keys.allSatisfy { $0.count == 64 })
    }
}
