"""Application locks: sp_getapplock and sp_releaseapplock."""
import threading

from .errors import SQLError

GRANTED, GRANTED_AFTER_WAIT, TIMED_OUT = 0, 1, -1
WAIT_SECONDS_MAX = 120
MODES = ("Exclusive", "Shared")


class Locks:
    """All sessions' locks. An owner is a session, or a session's transaction."""

    def __init__(self):
        self.changed = threading.Condition()
        self.held = {}

    def take(self, resource, owner, mode, wait_milliseconds):
        mode = next((known for known in MODES if known.lower() == mode.lower()), None)
        if not mode:
            raise SQLError(15600, "An invalid parameter or option was specified for procedure 'sp_getapplock'.")
        wait = WAIT_SECONDS_MAX if wait_milliseconds < 0 else wait_milliseconds / 1000
        with self.changed:
            waited = not self.free(resource, owner, mode)
            if not self.changed.wait_for(lambda: self.free(resource, owner, mode), wait):
                return TIMED_OUT
            holders = self.held.setdefault(resource, {})
            count, held = holders.get(owner, (0, mode))
            holders[owner] = (count + 1, "Exclusive" if "Exclusive" in (mode, held) else mode)
            return GRANTED_AFTER_WAIT if waited else GRANTED

    def free(self, resource, owner, mode):
        others = [held for (session, kind), (_, held) in self.held.get(resource, {}).items() if session != owner[0]]
        return not others or (mode == "Shared" and "Exclusive" not in others)

    def release(self, resource, owner):
        with self.changed:
            holders = self.held.get(resource, {})
            if owner not in holders:
                raise SQLError(1223, f"Cannot release the application lock because it is not currently held "
                                     f"(resource: '{resource}').")
            count, mode = holders.pop(owner)
            if count > 1:
                holders[owner] = (count - 1, mode)
            if not holders:
                del self.held[resource]
            self.changed.notify_all()

    def release_all(self, belongs):
        """Releases what owners of a kind hold."""
        with self.changed:
            for resource in list(self.held):
                holders = self.held[resource]
                for owner in [owner for owner in holders if belongs(owner)]:
                    del holders[owner]
                if not holders:
                    del self.held[resource]
            self.changed.notify_all()
