"""Starts and ends the TDS test server, for tests."""
import contextlib
import os
import pathlib
import subprocess
import sys

FOLDER = pathlib.Path(__file__).parent
USER, PASSWORD, DATABASE = "sa", "Test-1234", "casparian"
END_SECONDS = 20


class TDSServer:
    """A server process on a free port of 127.0.0.1, and how the usual clients reach it."""

    def __init__(self, folder, *arguments):
        self.folder = pathlib.Path(folder)
        self.store = self.folder / "store.db"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tds", "--store", str(self.store), *arguments], stdout=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONPATH": str(FOLDER)})
        self.port = int(self.process.stdout.readline())

    def end(self):
        self.process.kill()
        self.process.wait(END_SECONDS)
        self.process.stdout.close()

    def environment(self, encryption="off"):
        """For FreeTDS's programs: the server is `test` there."""
        configuration = self.folder / f"freetds-{encryption}.conf"
        configuration.write_text(
            f"[test]\nhost = 127.0.0.1\nport = {self.port}\ntds version = 7.4\nclient charset = UTF-8\n"
            f"encryption = {encryption}\n")
        return {**os.environ, "FREETDSCONF": str(configuration)}

    def client_environment(self):
        """For `casparian`: the settings of `mssql://`."""
        return {
            "CASPARIAN_SINKS_MSSQL_SERVER": "127.0.0.1", "CASPARIAN_SINKS_MSSQL_PORT": str(self.port),
            "CASPARIAN_SINKS_MSSQL_DATABASE": DATABASE, "CASPARIAN_SINKS_MSSQL_USER": USER,
            "CASPARIAN_SINKS_MSSQL_PASSWORD_ENV": "TEST_MSSQL_PASSWORD", "TEST_MSSQL_PASSWORD": PASSWORD,
            "CASPARIAN_SINKS_MSSQL_ENCRYPTION": "off"}

    def tsql(self, text, encryption="off", password=PASSWORD):
        """Runs batches, each ended by a line `go`; what came out, errors too."""
        done = subprocess.run(
            ["tsql", "-S", "test", "-U", USER, "-P", password, "-o", "q"], input=text, text=True,
            capture_output=True, env=self.environment(encryption), timeout=60)
        return done.stdout + done.stderr

    def freebcp(self, *arguments):
        done = subprocess.run(
            ["freebcp", *arguments, "-S", "test", "-U", USER, "-P", PASSWORD], text=True, capture_output=True,
            env=self.environment(), timeout=60)
        return done.stdout + done.stderr

    def connect(self, encrypt="no"):
        """Microsoft's ODBC driver, without transactions of its own."""
        import mssql_python
        # A pooled connection would stay open, with its locks, when it is closed.
        mssql_python.pooling(enabled=False)
        return mssql_python.connect(
            f"Server=127.0.0.1,{self.port};Database={DATABASE};UID={USER};PWD={PASSWORD};Encrypt={encrypt};"
            "TrustServerCertificate=yes;", autocommit=True)


@contextlib.contextmanager
def running(folder, *arguments):
    server = TDSServer(folder, *arguments)
    try:
        yield server
    finally:
        server.end()
