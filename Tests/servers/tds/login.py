"""PRELOGIN and LOGIN7."""
import dataclasses
import struct

from . import packets, tokens
from .errors import Dropped, login_failed
from .packets import Reader
from .sqltypes import COLLATION

OFF, ON, NOT_SUPPORTED, REQUIRED = 0, 1, 2, 3
ENCRYPTION, END = 1, 0xFF
PACKET_BYTES = (512, 32767)


@dataclasses.dataclass
class Login:
    user: str
    password: str
    database: str
    program: str
    packet_bytes: int


def prelogin_options(data):
    options = {}
    position = 0
    while data[position] != END:
        kind, offset, length = struct.unpack_from(">BHH", data, position)
        options[kind] = data[offset:offset + length]
        position += 5
    return options


def prelogin_reply(encryption):
    options = [(0, tokens.VERSION + bytes(2)), (ENCRYPTION, bytes([encryption])), (2, b"\0"), (3, b""), (4, b"\0")]
    offset = len(options) * 5 + 1
    table, data = b"", b""
    for kind, value in options:
        table += struct.pack(">BHH", kind, offset + len(data), len(value))
        data += value
    return table + bytes([END]) + data


def agreed(asked, has_certificate):
    """What of encryption the server answers to what a client asks."""
    if not has_certificate:
        return NOT_SUPPORTED
    return {OFF: OFF, ON: ON, REQUIRED: ON, NOT_SUPPORTED: NOT_SUPPORTED}.get(asked, NOT_SUPPORTED)


def read_login(data):
    reader = Reader(data, 4)
    version = reader.u32()
    if version < 0x74000000:
        raise Dropped(f"TDS version {version:#x}; this server speaks 7.4")
    packet_bytes = reader.u32()

    def text(at, secret=False):
        offset, length = struct.unpack_from("<HH", data, at)
        part = data[offset:offset + 2 * length]
        if secret:
            part = bytes(((byte ^ 0xA5) << 4 | (byte ^ 0xA5) >> 4) & 255 for byte in part)
        return part.decode("utf-16-le")

    return Login(
        user=text(40), password=text(44, secret=True), program=text(48), database=text(68),
        packet_bytes=min(max(packet_bytes or 4096, PACKET_BYTES[0]), PACKET_BYTES[1]))


def welcome(login, database, feature_extension):
    reply = tokens.environment(1, database, "master")
    reply += tokens.environment(7, COLLATION)
    reply += tokens.environment(2, "us_english")
    reply += tokens.environment(4, str(login.packet_bytes), "4096")
    reply += tokens.login_acknowledged()
    if feature_extension:
        reply += b"\xae\xff"
    return reply + tokens.done(0)


def accept(wire, server):
    """The whole greeting of one connection.

    Returns the login, or raises Dropped when it was refused.
    """
    kind, data = wire.message()
    if kind != packets.PRELOGIN:
        raise Dropped("a client that does not begin with PRELOGIN")
    asked = (prelogin_options(data).get(ENCRYPTION) or bytes([NOT_SUPPORTED]))[0]
    encryption = agreed(asked, server.tls is not None)
    wire.send(prelogin_reply(encryption))
    tunnel = None
    if encryption in (ON, OFF):
        tunnel = server.tunnel(wire)
        tunnel.handshake()
        wire.tls = tunnel
    kind, data = wire.message()
    if kind != packets.LOGIN:
        raise Dropped("no LOGIN7 after PRELOGIN")
    if encryption == OFF:
        wire.tls = None
    login = read_login(data)
    if server.faults.spend("refuse_login") or (login.user, login.password) != (server.user, server.password):
        wire.send(tokens.message(login_failed(login.user), wire.session) + tokens.done(tokens.ERROR))
        raise Dropped("login refused")
    if login.database and login.database.lower() not in (server.database.lower(), "master"):
        error = login_failed(login.user)
        error.number = 4060
        error.message = f'Cannot open database "{login.database}" requested by the login. The login failed.'
        wire.send(tokens.message(error, wire.session) + tokens.done(tokens.ERROR))
        raise Dropped("no such database")
    wire.send(welcome(login, server.database, bool(data[27] & 0x10)))
    wire.packet_bytes = login.packet_bytes
    return login
