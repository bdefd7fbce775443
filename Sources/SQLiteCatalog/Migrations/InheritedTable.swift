/// A table of the earlier implementation: created where it is missing, never altered (docs/catalog.md).
struct InheritedTable: Sendable {
    let name: String
    /// Without these the catalog cannot work on the table.
    let columns: [String]
    /// As SQLAlchemy writes it: defaults are the writer's business, not the table's.
    let definition: String
    var index: (name: String, columns: String)?

    static let all = [
        sourceRoot, ignoreRule, routingRule, pluginConfig, topicConfig, fileHashRegistry, fileLocation, fileVersion,
        processingQueue, workerNode, pluginManifest,
    ]

    private init(_ name: String, _ body: String, index: (name: String, columns: String)? = nil) {
        self.name = name
        self.definition = "CREATE TABLE \(name) (\n\(body)\n)"
        self.columns = body.split(separator: "\n").compactMap { line in
            let word = line.drop { $0 == " " }.prefix { $0 != " " }
            return word.allSatisfy { $0.isLowercase || $0 == "_" } ? String(word) : nil
        }
        self.index = index
    }

    static let sourceRoot = InheritedTable(
        "cf_source_root",
        """
            id INTEGER NOT NULL,
            path VARCHAR NOT NULL,
            type VARCHAR,
            active INTEGER,
            PRIMARY KEY (id),
            UNIQUE (path)
        """)

    static let ignoreRule = InheritedTable(
        "cf_ignore_rule",
        """
            id INTEGER NOT NULL,
            source_root_id INTEGER,
            pattern VARCHAR NOT NULL,
            active INTEGER,
            created_at DATETIME,
            PRIMARY KEY (id),
            FOREIGN KEY(source_root_id) REFERENCES cf_source_root (id)
        """)

    static let routingRule = InheritedTable(
        "cf_routing_rule",
        """
            id INTEGER NOT NULL,
            pattern VARCHAR(500) NOT NULL,
            tag VARCHAR(50) NOT NULL,
            priority INTEGER,
            PRIMARY KEY (id)
        """)

    static let pluginConfig = InheritedTable(
        "cf_plugin_config",
        """
            plugin_name VARCHAR NOT NULL,
            subscription_tags VARCHAR,
            default_parameters TEXT,
            last_updated DATETIME,
            PRIMARY KEY (plugin_name)
        """)

    static let topicConfig = InheritedTable(
        "cf_topic_config",
        """
            id INTEGER NOT NULL,
            plugin_name VARCHAR NOT NULL,
            topic_name VARCHAR NOT NULL,
            uri VARCHAR NOT NULL,
            mode VARCHAR,
            schema_json TEXT,
            PRIMARY KEY (id),
            FOREIGN KEY(plugin_name) REFERENCES cf_plugin_config (plugin_name)
        """, index: ("ix_cf_topic_config_plugin_topic", "plugin_name, topic_name"))

    static let fileHashRegistry = InheritedTable(
        "cf_file_hash_registry",
        """
            content_hash VARCHAR(64) NOT NULL,
            first_seen DATETIME,
            size_bytes INTEGER,
            PRIMARY KEY (content_hash)
        """)

    static let fileLocation = InheritedTable(
        "cf_file_location",
        """
            id INTEGER NOT NULL,
            source_root_id INTEGER NOT NULL,
            rel_path VARCHAR NOT NULL,
            filename VARCHAR NOT NULL,
            last_known_mtime FLOAT,
            last_known_size INTEGER,
            current_version_id INTEGER,
            discovered_time DATETIME,
            last_seen_time DATETIME,
            PRIMARY KEY (id),
            FOREIGN KEY(source_root_id) REFERENCES cf_source_root (id),
            FOREIGN KEY(current_version_id) REFERENCES cf_file_version (id)
        """, index: ("ix_cf_file_location_root_path", "source_root_id, rel_path"))

    static let fileVersion = InheritedTable(
        "cf_file_version",
        """
            id INTEGER NOT NULL,
            location_id INTEGER NOT NULL,
            content_hash VARCHAR(64) NOT NULL,
            size_bytes INTEGER NOT NULL,
            modified_time DATETIME NOT NULL,
            detected_at DATETIME,
            applied_tags VARCHAR,
            PRIMARY KEY (id),
            FOREIGN KEY(location_id) REFERENCES cf_file_location (id),
            FOREIGN KEY(content_hash) REFERENCES cf_file_hash_registry (content_hash)
        """, index: ("ix_cf_file_version_location_hash", "location_id, content_hash"))

    static let processingQueue = InheritedTable(
        "cf_processing_queue",
        """
            id INTEGER NOT NULL,
            file_version_id INTEGER NOT NULL,
            plugin_name VARCHAR NOT NULL,
            status VARCHAR(9),
            priority INTEGER,
            worker_host VARCHAR,
            worker_pid INTEGER,
            claim_time DATETIME,
            end_time DATETIME,
            result_summary VARCHAR,
            error_message TEXT,
            retry_count INTEGER,
            PRIMARY KEY (id),
            FOREIGN KEY(file_version_id) REFERENCES cf_file_version (id),
            FOREIGN KEY(plugin_name) REFERENCES cf_plugin_config (plugin_name)
        """, index: ("ix_cf_processing_queue_status_priority_id", "status, priority, id"))

    static let workerNode = InheritedTable(
        "cf_worker_node",
        """
            hostname VARCHAR NOT NULL,
            pid INTEGER NOT NULL,
            ip_address VARCHAR,
            env_signature VARCHAR,
            started_at DATETIME,
            last_heartbeat DATETIME,
            status VARCHAR(7),
            current_job_id INTEGER,
            PRIMARY KEY (hostname, pid)
        """)

    static let pluginManifest = InheritedTable(
        "cf_plugin_manifest",
        """
            id INTEGER NOT NULL,
            plugin_name VARCHAR NOT NULL,
            version VARCHAR NOT NULL,
            source_code TEXT NOT NULL,
            source_hash VARCHAR(64) NOT NULL,
            status VARCHAR(8),
            signature VARCHAR,
            validation_error TEXT,
            created_at DATETIME,
            deployed_at DATETIME,
            PRIMARY KEY (id),
            UNIQUE (source_hash)
        """)
}
