import Foundation
import Testing

/// The most memory this process ever held at once. What `getrusage` says begins with the peak of the parent.
func residentPeakBytes() throws -> Int {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
    return try #require(Int(line.filter(\.isNumber))) * 1024
}

/// Whether the process runs under AddressSanitizer, which keeps freed memory.
let isSanitized = dlsym(nil, "__asan_init") != nil

/// Numbers, dates and texts.
func writeLargeCSV(to path: String, megabytes: Int) throws {
    let part = (0..<20_000).map { "\($0),\($0 % 977).25,2024-03-\($0 % 20 + 10),text of row \($0 * 7919)\n" }.joined()
    try Data("id,amount,day,note\n".utf8).write(to: URL(fileURLWithPath: path))
    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    defer { try? file.close() }
    try file.seekToEnd()
    var written = 0
    let bytes = Data(part.utf8)
    while written < megabytes << 20 {
        try file.write(contentsOf: bytes)
        written += bytes.count
    }
}
