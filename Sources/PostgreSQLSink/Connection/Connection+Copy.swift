import CPostgreSQL

/// COPY ... FROM STDIN.
extension Connection {
    /// Begins it; rows then go through `put`.
    ///
    /// - Parameter sql: The whole statement.
    func beginCopy(_ sql: String) throws(ServerError) {
        // A COPY lasts as long as its file is read; each wait in it is bounded here.
        try run("SET statement_timeout = 0")
        try run(sql)
        isCopying = true
    }

    /// Sends bytes, whatever part of a row they are, and waits until the kernel has them.
    func put(_ bytes: UnsafeRawBufferPointer) throws(ServerError) {
        guard bytes.count > 0 else { return }
        guard PQputCopyData(handle, bytes.bindMemory(to: CChar.self).baseAddress, Int32(bytes.count)) == 1 else {
            throw lost("takes no rows")
        }
        try flush(until: deadline)
    }

    /// Ends it.
    ///
    /// - Returns: How many rows the server took.
    /// - Throws: `ServerError`; then none of them.
    func endCopy() throws(ServerError) -> Int64 {
        isCopying = false
        guard PQputCopyEnd(handle, nil) == 1 else { throw lost("takes no rows") }
        let answer: Answer
        do {
            answer = try self.answer()
        } catch {
            if isAlive { try? restoreTimeout() }
            throw error
        }
        try restoreTimeout()
        return answer.affected
    }

    /// Ends it so that none of its rows are there.
    func abortCopy() {
        guard isCopying else { return }
        isCopying = false
        guard isAlive, PQputCopyEnd(handle, "given up") == 1 else { return }
        _ = try? answer()
        try? restoreTimeout()
    }

    private func restoreTimeout() throws(ServerError) {
        try run("SET statement_timeout = \(options.statementTimeout.milliseconds)")
    }
}
