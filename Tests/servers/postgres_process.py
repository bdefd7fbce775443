"""Starts and ends a PostgreSQL server, for checks: on a free port of 127.0.0.1, with its data in a folder."""
import contextlib
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import time

from ports import free_port

USER, PASSWORD = "casparian", "Test-1234"
START_SECONDS = END_SECONDS = 60


def programs() -> pathlib.Path:
    """The newest installed version's."""
    versions = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[4]))
    assert versions, "there is no PostgreSQL server; apt-get install postgresql"
    return versions[-1].parent


class PostgresServer:
    def __init__(self, folder: pathlib.Path):
        self.folder = pathlib.Path(folder)
        self.data = self.folder / "postgres"
        self.port = free_port()
        # The server refuses to run as root; then the data belongs to the user that Debian's package makes.
        self.owner = pwd.getpwnam("postgres") if os.getuid() == 0 else None
        self.data.mkdir(parents=True)
        if self.owner:
            os.chown(self.data, self.owner.pw_uid, self.owner.pw_gid)
            for above in [self.folder, *self.folder.parents][:2]:
                above.chmod(above.stat().st_mode | 0o011)
        password = self.data.with_suffix(".password")
        password.write_text(PASSWORD)
        password.chmod(0o644)
        self._run(["initdb", "-D", self.data, "-U", USER, "-A", "scram-sha-256", "--pwfile", password, "-E", "UTF8",
                   "--locale=C", "-N"])
        self.process = subprocess.Popen(
            [programs() / "postgres", "-D", self.data, "-p", str(self.port), "-c", "listen_addresses=127.0.0.1",
             "-c", "unix_socket_directories=", "-c", "log_min_messages=fatal"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **self._identity())
        deadline = time.monotonic() + START_SECONDS
        while self._psql("SELECT 1", "postgres").returncode != 0:
            assert time.monotonic() < deadline and self.process.poll() is None, "the server does not start"
            time.sleep(0.1)

    def _identity(self) -> dict:
        return {"user": self.owner.pw_uid, "group": self.owner.pw_gid, "extra_groups": []} if self.owner else {}

    def _run(self, command: list) -> None:
        subprocess.run([programs() / command[0], *command[1:]], check=True, stdout=subprocess.DEVNULL, **self._identity())

    def environment(self, database: str = "postgres") -> dict:
        """For the program: where its sinks go."""
        return {"CASPARIAN_SINKS_POSTGRESQL_HOST": "127.0.0.1", "CASPARIAN_SINKS_POSTGRESQL_PORT": str(self.port),
                "CASPARIAN_SINKS_POSTGRESQL_DATABASE": database, "CASPARIAN_SINKS_POSTGRESQL_USER": USER,
                "CASPARIAN_SINKS_POSTGRESQL_PASSWORD_ENV": "TEST_PG_PASSWORD", "TEST_PG_PASSWORD": PASSWORD}

    def _psql(self, text: str, database: str, *flags) -> subprocess.CompletedProcess:
        return subprocess.run(
            ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(self.port), "-U", USER, "-d",
             database, *flags, "-c", text], env={**os.environ, "PGPASSWORD": PASSWORD}, capture_output=True)

    def psql(self, text: str, database: str = "postgres", *flags) -> str:
        """What psql prints; CSV with `--csv`."""
        done = self._psql(text, database, *flags)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    def end(self) -> None:
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(END_SECONDS)
        shutil.rmtree(self.data, ignore_errors=True)


@contextlib.contextmanager
def running(folder):
    server = PostgresServer(folder)
    try:
        yield server
    finally:
        server.end()
