import CasparianModel
import Crypto
import Foundation

/// The `# /// script` block of a Python file: which packages and which Python it needs.
///
/// https://packaging.python.org/en/latest/specifications/inline-script-metadata/
struct ScriptBlock: Hashable {
    /// Its content, TOML.
    let text: String

    enum Finding: Hashable {
        case none
        case block(ScriptBlock)
        /// The text says what is wrong with it.
        case broken(String)
    }

    /// Looks for the block in a source text.
    static func find(in source: String) -> Finding {
        var found: [ScriptBlock] = []
        let lines = source.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
        var index = 0
        while index < lines.count {
            guard let name = opening(lines[index]) else {
                index += 1
                continue
            }
            let body = lines[(index + 1)...].prefix { $0 == "#" || $0.hasPrefix("# ") }
            // The block ends with the last closing line in a row of comments.
            guard let end = body.lastIndex(of: "# ///") else {
                if name == "script" { return .broken("line \(index + 1): no line '# ///' ends the script block") }
                index += 1
                continue
            }
            if name == "script" {
                found.append(ScriptBlock(text: body[..<end].map { $0.dropFirst(2) + "\n" }.joined()))
            }
            index = end + 1
        }
        guard let first = found.first else { return .none }
        return found.count == 1 ? .block(first) : .broken("there are \(found.count) script blocks; there may be one")
    }

    /// The type of the block that a line opens.
    private static func opening(_ line: Substring) -> Substring? {
        guard line.hasPrefix("# /// ") else { return nil }
        let name = line.dropFirst("# /// ".count)
        let isName = !name.isEmpty && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
        return isName ? name : nil
    }

    /// SHA-256 in hex of the block and of what else decides what is installed.
    func key(_ others: [String]) -> String {
        var hash = SHA256()
        for part in [text] + others {
            hash.update(data: Data("\(part.utf8.count):".utf8))
            hash.update(data: Data(part.utf8))
        }
        return ContentHash(digest: hash.finalize()).hex
    }
}
