"""What the server does wrong on request.

Counts go down with each thing that happens; at 1 the thing fails, and the fault is spent. Set them by argument
(`--fault NAME=COUNT`) or by statement (`EXEC tds_fault 'NAME', COUNT`).
"""
import threading
import time

from .errors import Dropped, SQLError, unsupported

# A packet that arrives and is not looked at: the Nth from now on.
DROP_PACKET = "drop_packet"
# A reply that is not sent, though what it tells of is done: the Nth from now on.
DROP_REPLY = "drop_reply"
# COMMIT: dropped before it is done, and after.
DROP_BEFORE_COMMIT = "drop_before_commit"
DROP_AFTER_COMMIT = "drop_after_commit"
# How many of the next INSERT ... SELECT, and of the next rows that come in bulk or by INSERT ... SELECT, fail.
DEADLOCK = "deadlock"
LOG_FULL = "log_full"
# How many of the next logins are refused.
REFUSE_LOGIN = "refuse_login"
# Milliseconds before each reply.
SLOW = "slow"
# Milliseconds that an application lock is waited for at most.
LOCK_WAIT = "lock_wait"

NTH = (DROP_PACKET, DROP_REPLY, DROP_BEFORE_COMMIT, DROP_AFTER_COMMIT)
NEXT = (DEADLOCK, LOG_FULL, REFUSE_LOGIN)
ALL = NTH + NEXT + (SLOW, LOCK_WAIT)


class Faults:
    def __init__(self):
        self.lock = threading.Lock()
        self.counts = dict.fromkeys(ALL, 0)
        self.packets = 0
        self.replies = 0

    def set(self, name, count):
        if name not in ALL:
            raise unsupported(f"the fault '{name}'; there are {', '.join(ALL)}")
        with self.lock:
            self.counts[name] = count

    def clear(self):
        with self.lock:
            self.counts = dict.fromkeys(ALL, 0)

    def lock_wait(self, milliseconds):
        """How long a lock is waited for that somebody wants to wait for so long; less than 0 is for ever."""
        with self.lock:
            most = self.counts[LOCK_WAIT]
        return most if most and not 0 <= milliseconds < most else milliseconds

    def spend(self, name):
        """Whether the fault strikes now."""
        with self.lock:
            if self.counts[name] == 0:
                return False
            self.counts[name] -= 1
            return name in NEXT or self.counts[name] == 0

    def packet_arrived(self):
        with self.lock:
            self.packets += 1
        if self.spend(DROP_PACKET):
            raise Dropped("dropped at a packet, on request")

    def before_reply(self):
        with self.lock:
            self.replies += 1
            slow = self.counts[SLOW]
        if slow:
            time.sleep(slow / 1000)
        if self.spend(DROP_REPLY):
            raise Dropped("dropped before a reply, on request")

    def strike(self, name):
        if self.spend(name):
            raise Dropped(f"{name}, on request")

    def fail(self, name, error: SQLError):
        if self.spend(name):
            raise error
