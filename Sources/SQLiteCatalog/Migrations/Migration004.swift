import GRDB

extension Migration {
    /// Which plugins a worker offers, so that another process can say why a job waits.
    static let workerOffer = Migration(number: 4, name: "worker offer") { db in
        try db.execute(
            sql: """
                CREATE TABLE cf_worker_offer (
                    hostname TEXT NOT NULL, pid INTEGER NOT NULL, plugins TEXT NOT NULL,
                    PRIMARY KEY (hostname, pid)) WITHOUT ROWID;
                """)
    }
}
