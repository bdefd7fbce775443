"""TLS inside TDS: the handshake travels in PRELOGIN packets, what follows is plain TLS."""
import ssl

from . import packets
from .errors import Dropped

CHUNK_BYTES = 65536


def context(certificate):
    """A server's context with a PEM file that holds the certificate and its key."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # The handshake's end must be plain to both sides: TLS 1.3 sends tickets after it.
    made.maximum_version = ssl.TLSVersion.TLSv1_2
    made.load_cert_chain(certificate)
    return made


class Tunnel:
    """One connection's TLS, over the packets' socket."""

    def __init__(self, wire, made):
        self.wire = wire
        self.incoming = ssl.MemoryBIO()
        self.outgoing = ssl.MemoryBIO()
        self.session = made.wrap_bio(self.incoming, self.outgoing, server_side=True)

    def handshake(self):
        while True:
            try:
                self.session.do_handshake()
                break
            except ssl.SSLWantReadError:
                self.send_handshake()
                _, _, data = self.wire.packet()
                self.incoming.write(data)
            except ssl.SSLError as error:
                raise Dropped(f"TLS: {error}") from error
        self.send_handshake()

    def send_handshake(self):
        data = self.outgoing.read()
        if data:
            self.wire.send(data, packets.PRELOGIN)

    def read(self, count):
        while True:
            try:
                part = self.session.read(count)
            except ssl.SSLWantReadError:
                self.incoming.write(self.wire.read_socket(CHUNK_BYTES))
                continue
            except ssl.SSLError as error:
                raise Dropped(f"TLS: {error}") from error
            if not part:
                raise Dropped("the client ended TLS")
            return part

    def write(self, data):
        self.session.write(data)
        self.wire.write_socket(self.outgoing.read())
