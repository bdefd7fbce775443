"""Free ports of 127.0.0.1, for servers that cannot choose one by themselves and say which."""
import random
import socket

#: Below those that the system gives to whoever connects: such a one could be taken before the server listens.
FIRST, LAST = 20_000, 31_999


def free_port() -> int:
    for port in random.SystemRandom().sample(range(FIRST, LAST + 1), LAST + 1 - FIRST):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError(f"no port from {FIRST} to {LAST} is free")
