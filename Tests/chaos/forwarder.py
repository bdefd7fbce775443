"""A TCP forwarder that can be cut, stalled and made to lose what it has: a bad network between worker and sentinel."""
import socket
import struct
import threading
import time

UP, DOWN = "up", "down"
CHUNK_BYTES = 65_536
CONNECT_SECONDS = 30
#: Close sends RST, and what is not sent is thrown away.
RESET = struct.pack("ii", 1, 0)


class Connection:
    """Two sockets; bytes that come from one go to the other."""

    def __init__(self, link: "Link", worker: socket.socket, sentinel: socket.socket):
        self.link = link
        self.sockets = (worker, sentinel)
        #: Bytes were thrown away: nothing that follows may arrive, or the receiver would take it for something else.
        self.has_lost = False
        self.is_open = True
        self._ended = 0
        for name, source, target in ((UP, worker, sentinel), (DOWN, sentinel, worker)):
            threading.Thread(target=self._pump, args=(name, source, target), daemon=True).start()

    def _pump(self, direction: str, source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(CHUNK_BYTES):
                if not self.link.passes(self, direction):
                    self.reset()
                    return
                target.sendall(data)
            # What was sent before the end arrives; the other direction goes on until it ends, too.
            target.shutdown(socket.SHUT_WR)
            with self.link.changed:
                self._ended += 1
                if self._ended < len(self.sockets):
                    return
        except OSError:
            pass
        self.reset()

    def reset(self) -> None:
        with self.link.changed:
            if not self.is_open:
                return
            self.is_open = False
            self.link.connections.discard(self)
            self.link.changed.notify_all()
        for one in self.sockets:
            try:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                # Wakes a thread that waits for bytes; closing alone would not.
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            one.close()


class Link:
    """One worker's way to the sentinel: a port of its own."""

    def __init__(self, sentinel_port: int):
        self.sentinel_port = sentinel_port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"tcp://127.0.0.1:{self.listener.getsockname()[1]}"
        self.changed = threading.Condition()
        self.connections: set[Connection] = set()
        self.refuses_until = 0.0
        self.stalls_until = {UP: 0.0, DOWN: 0.0}
        self.loses_until = {UP: 0.0, DOWN: 0.0}
        threading.Thread(target=self._accept, daemon=True).start()

    # Faults; times are those of time.monotonic()

    def cut(self, seconds: float) -> None:
        """Ends every connection; new ones are refused for so long."""
        self.refuses_until = time.monotonic() + seconds
        for connection in self._open():
            connection.reset()

    def stall(self, directions: list, seconds: float) -> None:
        """Holds bytes back and delivers them late; connections stay."""
        for direction in directions:
            self.stalls_until[direction] = time.monotonic() + seconds

    def lose(self, directions: list, seconds: float) -> None:
        """Takes bytes and throws them away; then the connections end."""
        for direction in directions:
            self.loses_until[direction] = time.monotonic() + seconds

    def heal(self) -> None:
        """Ends all faults."""
        with self.changed:
            self.refuses_until = 0.0
            self.stalls_until = {UP: 0.0, DOWN: 0.0}
            self.loses_until = {UP: 0.0, DOWN: 0.0}
            self.changed.notify_all()
        self.tick()

    def tick(self) -> None:
        """Ends connections that lost something and lose nothing more."""
        if max(self.loses_until.values()) > time.monotonic():
            return
        for connection in self._open():
            if connection.has_lost:
                connection.reset()

    def close(self) -> None:
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        for connection in self._open():
            connection.reset()

    # What its threads do

    def passes(self, connection: Connection, direction: str) -> bool:
        """Waits while the link stalls; takes bytes away while it loses; false when the connection is to end."""
        with self.changed:
            while connection.is_open:
                now = time.monotonic()
                if self.loses_until[direction] > now:
                    connection.has_lost = True
                # It stays open until the loss is over, as a connection to a machine that is gone does.
                until = max(self.stalls_until[direction], max(self.loses_until.values()) if connection.has_lost else 0)
                if until <= now:
                    return not connection.has_lost
                self.changed.wait(until - now)
            return False

    def _accept(self) -> None:
        while True:
            try:
                worker, _ = self.listener.accept()
            except OSError:
                return
            if self.refuses_until > time.monotonic():
                worker.close()
                continue
            try:
                sentinel = socket.create_connection(("127.0.0.1", self.sentinel_port), timeout=CONNECT_SECONDS)
            except OSError:
                worker.close()
                continue
            sentinel.settimeout(None)
            for one in (worker, sentinel):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.changed:
                self.connections.add(Connection(self, worker, sentinel))

    def _open(self) -> list[Connection]:
        with self.changed:
            return list(self.connections)
