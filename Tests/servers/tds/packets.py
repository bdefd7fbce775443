"""TDS packets: 8 bytes of header, then data; a message ends with a packet that says so."""
import socket
import struct

from .errors import Dropped

BATCH, RPC, REPLY, ATTENTION, BULK, TRANSACTION, LOGIN, PRELOGIN = 1, 3, 4, 6, 7, 14, 16, 18
END_OF_MESSAGE = 1
HEADER = struct.Struct(">BBHHBB")
PACKET_BYTES_MAX = 32767


class Wire:
    """One client's socket, in packets; counts what arrives, so that faults can name a packet."""

    def __init__(self, connection, faults):
        self.socket = connection
        self.faults = faults
        self.packet_bytes = 4096
        self.tls = None
        self.session = 0
        # Of who sets faults: its own packets are neither counted nor hit.
        self.is_exempt = False
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def receive_bytes(self, count):
        parts = []
        while count:
            part = self.tls.read(count) if self.tls else self.read_socket(count)
            parts.append(part)
            count -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def read_socket(self, count):
        try:
            part = self.socket.recv(count)
        except OSError as error:
            raise Dropped(str(error)) from error
        if not part:
            raise Dropped("the client closed the connection")
        return part

    def write_socket(self, data):
        try:
            self.socket.sendall(data)
        except OSError as error:
            raise Dropped(str(error)) from error

    def packet(self):
        """The next packet: kind, whether it is its message's last, data."""
        kind, status, length, _, _, _ = HEADER.unpack(self.receive_bytes(HEADER.size))
        if length < HEADER.size:
            raise Dropped(f"a packet of {length} bytes")
        data = self.receive_bytes(length - HEADER.size)
        if not self.is_exempt:
            self.faults.packet_arrived()
        return kind, bool(status & END_OF_MESSAGE), data

    def message(self):
        """Kind and data of the next message. A bulk load's data is the packets themselves, as they come."""
        kind, last, data = self.packet()
        if kind == BULK:
            return kind, PacketStream(self, data, last)
        parts = [data]
        while not last:
            _, last, data = self.packet()
            parts.append(data)
        return kind, b"".join(parts)

    def send(self, data, kind=REPLY):
        if not self.is_exempt:
            self.faults.before_reply()
        step = self.packet_bytes - HEADER.size
        packets = []
        for number, start in enumerate(range(0, max(len(data), 1), step), 1):
            part = data[start:start + step]
            last = start + step >= len(data)
            packets.append(HEADER.pack(
                kind, END_OF_MESSAGE if last else 0, len(part) + HEADER.size, self.session, number & 255, 0) + part)
        whole = b"".join(packets)
        if self.tls:
            self.tls.write(whole)
        else:
            self.write_socket(whole)


class Reader:
    """Reads little-endian values off bytes."""

    def __init__(self, data, position=0):
        self.data = data
        self.position = position

    def take(self, count):
        end = self.position + count
        if end > len(self.data):
            raise Dropped("a message ends in the middle of a value")
        part = self.data[self.position:end]
        self.position = end
        return part

    def at_end(self):
        return self.position >= len(self.data)

    def u8(self):
        return self.take(1)[0]

    def u16(self):
        return int.from_bytes(self.take(2), "little")

    def u32(self):
        return int.from_bytes(self.take(4), "little")

    def u64(self):
        return int.from_bytes(self.take(8), "little")

    def short_text(self):
        return self.take(self.u8() * 2).decode("utf-16-le")


class PacketStream(Reader):
    """Reads values off a message whose packets are fetched as they are needed."""

    def __init__(self, wire, data, last):
        super().__init__(data)
        self.wire = wire
        self.last = last

    def fill(self, count):
        parts = [self.data[self.position:]]
        have = len(parts[0])
        while have < count and not self.last:
            _, self.last, data = self.wire.packet()
            parts.append(data)
            have += len(data)
        self.data = b"".join(parts)
        self.position = 0

    def take(self, count):
        if self.position + count > len(self.data):
            self.fill(count)
        return super().take(count)

    def at_end(self):
        if self.position >= len(self.data) and not self.last:
            self.fill(1)
        return super().at_end()

    def skip_rest(self):
        """Reads the message to its end, so that the connection can go on after an error."""
        while not self.last:
            _, self.last, _ = self.wire.packet()
        self.position = len(self.data)
