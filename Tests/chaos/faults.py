"""What goes wrong, how often, and for how long; chosen by seed."""
import random

from forwarder import DOWN, UP

#: Seconds between two faults.
PAUSE = (0.2, 0.8)
#: Seconds that a fault lasts. Longer than the grace after a lost connection (5 s) and the lease (15 s) only now and
#: then: most of the time something has to work, or there is nothing to disturb.
SHORT, GRACE, LEASE = (0.02, 0.6), (4.0, 8.0), (14.0, 25.0)
#: Seconds until another takes the place of a process that ended, and how many of ten times it comes at once.
ABSENCE, AT_ONCE = (0.2, 6.0), 7
#: Share of faults that look for a worker which holds jobs.
AIMED = 0.3


class Faults:
    """Does one thing at a time to sentinel, workers, their connections and the scan, and counts."""

    #: Of about 100.
    WEIGHTS = {
        "kill worker": 6, "kill sentinel": 3, "kill scan": 1, "end worker": 2, "end sentinel": 1,
        "stop worker": 20, "stop worker past the grace": 2, "stop worker past the lease": 1,
        "stop sentinel": 9, "stop sentinel past the lease": 0.3,
        "cut": 20, "cut past the grace": 2, "stall": 20, "stall past the lease": 1,
        "lose": 10, "lose past the lease": 0.5,
    }

    def __init__(self, seed: int, sentinel, workers: list, links: list, scan, busy, note):
        """scan() is the scan that runs, or None; busy() the processes that hold jobs; note(text) takes what is done."""
        self.chance = random.Random(f"faults {seed}")
        self.sentinel, self.workers, self.links = sentinel, workers, links
        self._scan, self._busy, self._note = scan, busy, note
        self.counts = {"kills": 0, "stops": 0, "cuts": 0, "stalls": 0, "losses": 0, "restarts": 0}

    def pause(self) -> float:
        return self.chance.uniform(*PAUSE)

    def strike(self) -> None:
        """One fault. Nothing happens where the one that it is meant for is not there; the choices stay the same."""
        fault, = self.chance.choices(list(self.WEIGHTS), list(self.WEIGHTS.values()))
        number, aims = self.chance.randrange(len(self.workers)), self.chance.random() < AIMED
        number = self._busy_one(number) if aims else number
        span = {"grace": GRACE, "lease": LEASE}.get(fault.rpartition(" ")[2] if " past " in fault else "", SHORT)
        seconds, absence = self.chance.uniform(*span), self.chance.uniform(*ABSENCE)
        absence = 0 if self.chance.randrange(10) < AT_ONCE else absence
        directions = self.chance.choice([[UP], [DOWN], [UP, DOWN]])
        verb = fault.split()[0]
        if verb in ("cut", "stall", "lose"):
            self._disturb(verb, number, directions, seconds)
        elif fault == "kill scan":
            scan = self._scan()
            if scan is not None and scan.is_alive():
                self._note(f"scan {scan.pid} is killed")
                scan.kill()
                self.counts["kills"] += 1
        else:
            self._hurt(verb, self.sentinel if "sentinel" in fault else self.workers[number], seconds, absence)

    def _busy_one(self, number: int) -> int:
        """The next worker from there that holds jobs: most of what can go wrong, can with it."""
        busy = self._busy()
        numbers = [(number + further) % len(self.workers) for further in range(len(self.workers))]
        awake = [one for one in numbers if self.workers[one].is_awake]
        return next((one for one in awake if self.workers[one].running.pid in busy), number)

    def _disturb(self, verb: str, number: int, directions: list, seconds: float) -> None:
        link = self.links[number]
        self._note(f"link {number}: {verb} {' and '.join(directions) if verb != 'cut' else ''} for {seconds:.1f} s")
        if verb == "cut":
            link.cut(seconds)
        elif verb == "stall":
            link.stall(directions, seconds)
        else:
            link.lose(directions, seconds)
        self.counts[{"cut": "cuts", "stall": "stalls", "lose": "losses"}[verb]] += 1

    def _hurt(self, verb: str, member, seconds: float, absence: float) -> None:
        if verb == "kill" and member.is_there:
            member.kill(absence)
            self.counts["kills"] += 1
        elif verb == "stop" and member.is_awake:
            member.stop(seconds)
            self.counts["stops"] += 1
        elif verb == "end" and member.is_awake and member.leaves is None:
            member.leave(absence)
            self.counts["restarts"] += 1
