import CasparianModel
import CasparianSinks
import Foundation

/// A file with a contract, as `--schema` names it.
enum ContractFile {
    /// - Returns: Its text, checked.
    /// - Throws: `ExitStatus`: 69 when it cannot be read, 64 when it says what cannot be meant.
    static func read(_ path: String) throws -> String {
        guard let text = try? String(contentsOfFile: Paths.absolute(path), encoding: .utf8) else {
            throw ExitStatus.unreachable("\(path): cannot be read as a text file")
        }
        do {
            guard try Contract.read(json: text) != nil else {
                throw ExitStatus.misuse(
                    "\(path): it demands nothing; a contract is {\"columns\": [{\"name\": \"id\", \"type\": \"int64\"}]}"
                )
            }
        } catch let error as ContractError {
            throw ExitStatus.misuse("\(path): \(error)")
        }
        return text
    }
}
