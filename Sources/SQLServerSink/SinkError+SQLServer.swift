import CFreeTDS
import CasparianSinks

extension SinkError {
    /// Numbers of SQL Server's messages that mean more than "refused".
    enum Number {
        static let deadlock: Int32 = 1205
        static let alreadyThere: Int32 = 2714
        static let loginFailed: Set<Int32> = [4060, 18452, 18456, 18470, 18486, 18487, 18488]
        static let full: Set<Int32> = [1101, 1105, 9002, 40544]
        /// Deadlock, lock timeout, not enough memory, going down, and what Azure says when one shall try again.
        static let passing: Set<Int32> = [
            701, 1204, 1205, 1222, 3960, 6005, 8645, 10928, 10929, 40197, 40501, 40613, 49918, 49919, 49920,
        ]
        /// FreeTDS's: silence, a failed read or write, an early end, no connection.
        static let broken: Set<Int32> = [20002, 20003, 20004, 20006, 20009, 20017, 20047]
        static let columns: Set<Int32> = [206, 220, 529, 1702, 2628, 2705, 8114, 8115, 8152]
    }

    /// A statement or a bulk copy failed.
    init(_ error: cf_error, isDead: Bool, options: SQLServerOptions, target: String) {
        let said = "SQL Server: \(error.message) (\(error.number))"
        guard error.from_server, error.number != 0 else {
            let isBroken = isDead || Number.broken.contains(error.number)
            self.init(
                code: isBroken ? .unreachable : .rejected, target: target,
                message: isBroken
                    ? "the connection to \(options.address) broke (\(error.message)); try again"
                    : "FreeTDS: \(error.message) (\(error.number))", isTransient: isBroken)
            return
        }
        if Number.full.contains(error.number) {
            self.init(
                code: .io, target: target, message: "\(said); make room in the database or its log and try again",
                isTransient: true)
        } else if Number.passing.contains(error.number) || isDead {
            self.init(code: .unreachable, target: target, message: "\(said); try again", isTransient: true)
        } else if Number.columns.contains(error.number) {
            self.init(code: .incompatibleColumn, target: target, message: said)
        } else {
            self.init(code: .rejected, target: target, message: said)
        }
    }

    /// There is no connection.
    init(opening error: cf_error, options: SQLServerOptions, target: String) {
        if error.from_server, Number.loginFailed.contains(error.number) {
            self.init(
                code: .rejected, target: target,
                message:
                    "\(options.address) refused the login of '\(options.user)': \(error.message) (\(error.number)); "
                    + "check user, password and database in the worker's settings")
        } else {
            self.init(
                code: .unreachable, target: target,
                message:
                    "\(options.address) cannot be reached: \(error.message) (\(error.number)); check server, port and "
                    + "encryption (\(options.encryption.rawValue)) in the worker's settings, and that the server runs",
                isTransient: true)
        }
    }
}

extension cf_error {
    var message: String {
        withUnsafeBytes(of: text) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}
