"""Accepts connections, one thread each, and answers their messages."""
import socket
import sys
import threading
import traceback

from . import bulk, encryption, login, packets, remote, tokens
from .errors import Dropped, SQLError
from .faults import Faults
from .locks import Locks
from .session import Session
from .store import Store

TRANSACTION_BEGIN, TRANSACTION_COMMIT, TRANSACTION_ROLLBACK = 5, 7, 8
FIRST_SESSION = 51


class Server:
    def __init__(self, path, user, password, database, certificate=None, verbose=False):
        self.path = path
        self.user = user
        self.password = password
        self.database = database
        self.tls = encryption.context(certificate) if certificate else None
        self.faults = Faults()
        self.locks = Locks()
        self.verbose = verbose
        self.sessions = FIRST_SESSION
        self.lock = threading.Lock()
        Store(path).make_catalog()

    def tunnel(self, wire):
        return encryption.Tunnel(wire, self.tls)

    def listen(self, port):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(128)
        return listener

    def serve(self, listener):
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=self.answer, args=(connection,), daemon=True).start()

    def answer(self, connection):
        """One connection, to its end."""
        wire = packets.Wire(connection, self.faults)
        with self.lock:
            wire.session = self.sessions
            self.sessions += 1
        session = None
        try:
            session = Session(self, wire, login.accept(wire, self))
            while True:
                self.log(wire, "waits")
                self.message(session, *wire.message())
        except Dropped as reason:
            self.log(wire, str(reason))
        except Exception:  # A defect of this server: say so, and drop the connection as a crash would.
            traceback.print_exc()
        finally:
            # The session's end comes first: a client that sees the socket close can count on it.
            if session:
                session.close()
            connection.close()

    def message(self, session, kind, data):
        wire = session.wire
        if kind == packets.BATCH:
            text = data[int.from_bytes(data[:4], "little"):].decode("utf-16-le")
            self.log(wire, text)
            wire.send(session.batch(text))
        elif kind == packets.BULK:
            wire.send(self.bulk_load(session, data))
        elif kind == packets.RPC:
            wire.send(remote.run(session, data[int.from_bytes(data[:4], "little"):]))
        elif kind == packets.TRANSACTION:
            wire.send(self.transaction(session, data[int.from_bytes(data[:4], "little"):]))
        elif kind == packets.ATTENTION:
            session.bulk = None
            wire.send(tokens.done(tokens.ATTENTION))
        else:
            raise Dropped(f"a message of kind {kind}")

    def bulk_load(self, session, stream):
        reply = []
        try:
            reply.append((0, bulk.load(session, stream)))
        except SQLError as error:
            stream.skip_rest()
            session.fail(error, reply)
        self.log(session.wire, f"bulk load: {reply}")
        return session.finished(reply)

    def transaction(self, session, data):
        """The requests that drivers send in place of BEGIN, COMMIT and ROLLBACK."""
        request = int.from_bytes(data[:2], "little")
        reply = []
        try:
            if request == TRANSACTION_BEGIN:
                reply.append(session.begin())
            elif request == TRANSACTION_COMMIT:
                reply.append(session.commit())
            elif request == TRANSACTION_ROLLBACK:
                reply.append(session.rollback())
            else:
                raise SQLError(50900, f"The test server does not know transaction request {request}.")
        except SQLError as error:
            session.fail(error, reply)
        return session.finished(reply)

    def log(self, wire, text):
        if self.verbose:
            print(f"[{wire.session}] {text}", file=sys.stderr, flush=True)
