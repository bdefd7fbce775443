/// The annotated `casparian.yaml` that `casparian init` writes; docs/command-line.md shows the same.
enum ExampleConfiguration {
    static let text = """
        # Casparian Flow. Paths are relative to this file. Flags and CASPARIAN_* variables win over it.

        # The state database: files, rules, queue, receipts.
        database: casparian_flow.sqlite3

        # Where the sentinel listens for workers. Beyond loopback it needs keys (`casparian keys`).
        bind: tcp://127.0.0.1:5555

        # Keys for that socket: encryption, and only workers that are allowed.
        # keys:
        #   folder: keys

        # Where the sentinel tells Prometheus its metrics (GET /metrics); loopback only. Default: nowhere.
        # metrics: 127.0.0.1:9464

        # Folders to scan.
        roots: []
        #  - /data/incoming

        # gitignore-style patterns of files nobody wants.
        ignore: []
        #  - "*.tmp"
        #  - ".git/"

        # Folder of Python plugins (<name>.py with a class Handler), and of the Parquet files they make.
        plugins: plugins
        output: output

        # Python interpreter for plugins; it needs pyarrow. Default: the one beside the program, then python3 on PATH.
        # python: /usr/bin/python3

        # Variables of the environment that plugins are given beside the usual ones (PATH, HOME, LANG, ...).
        # plugin_environment: [GEO_DATABASE, "MYAPP_*"]

        # Plugins that name packages (# /// script) get an environment of their own, built once. Where those lie (default: in
        # the user's folder for caches), and a folder of wheels to install from instead of an index.
        # environments: /var/cache/casparian
        # wheels: wheels

        # Plugins run in a sandbox (bubblewrap): auto where that works, require, or off.
        # sandbox: auto

        # Jobs at once in one worker.
        slots: 2

        # A file is read only after it has been left alone for so many seconds, or its writer has closed it while it is
        # watched. Rules for some files (the first that matches counts), and names that files have while they are written:
        settle_seconds: 2
        # settle:
        #  - {files: "*.log", seconds: 30}
        #  - {files: "orders/*.csv", done_marker: "{name}.done"}
        # temporary: ["*.part", "*.tmp"]

        # Logs on standard error: level trace, debug, info, notice, warning or error; format text or json.
        log:
          level: info
          format: text

        """
}
