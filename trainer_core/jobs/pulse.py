"""Whether a job still moves: how long ago it last did something, beside how long that usually takes in this job.

A job is stuck after three times the usual step (the usual one is the mean of the last twenty), and never before:
- 1 minute between two steps: a step beside other programs, or after the machine slept, may well be slow for once;
- 5 minutes of validation or of saving: both are much longer than a step, and a disk on the network may be slow;
- 30 minutes of anything else, and of the first of each kind, where the usual time is not known: reading 46 GB of
  LTX-2.3 at 50 MB/s takes 15, a first step may build kernels, and one test clip on a small GPU can take minutes.
The clock stands still while the machine sleeps, so that waking it up makes nothing stuck.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

TIMES_USUAL = 3
REMEMBERED = 20  # of each kind
_LIKE_USUAL = 10  # times: a longer one was not usual, and counts as no more than this
FEWEST = 3  # measured steps before the usual one is known; the first ones are slower


class Doing(StrEnum):
    """What a job does between two signs that it moves."""

    STEP = "step"
    VALIDATION = "validation"
    CHECKPOINT = "checkpoint"
    OTHER = "other"  # loading, encoding, scoring: each look at `cancelled` is a sign
    ELSEWHERE = "elsewhere"  # in other processes, which watch themselves


_NEVER_BEFORE = {Doing.STEP: 60.0, Doing.VALIDATION: 300.0, Doing.CHECKPOINT: 300.0, Doing.OTHER: 1800.0}  # seconds


@dataclass(frozen=True)
class Quiet:
    """For how long nothing has come, and how long it usually takes, in seconds; None where that is not known yet."""

    doing: Doing
    seconds: float
    usual: float | None


class Pulse:
    """The signs of movement of one job. Written by the job's own thread, read by the one that watches it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._doing, self._at = Doing.OTHER, clock()
        self._taken: dict[Doing, deque[float]] = {doing: deque(maxlen=REMEMBERED) for doing in Doing}

    def begin(self, doing: Doing) -> None:
        """What was done until now is over, and this begins."""
        with self._lock:
            now, usual = self._clock(), self._usual()
            taken = now - self._at
            self._taken[self._doing].append(taken if usual is None else min(taken, _LIKE_USUAL * usual))
            self._doing, self._at = doing, now

    def sign(self) -> None:
        """A sign of life of a job whose parts are not told apart; steps and savings have their own beginning."""
        if self._doing is Doing.OTHER:
            self.begin(Doing.OTHER)

    def look(self) -> Quiet | None:
        """What is quiet for too long now; None when all is well."""
        with self._lock:
            seconds = self._clock() - self._at
            return Quiet(self._doing, seconds, self._usual()) if self._over(seconds) else None

    def _usual(self) -> float | None:
        taken = self._taken[self._doing]
        needed = FEWEST if self._doing is Doing.STEP else 1
        return sum(taken) / len(taken) if self._doing is not Doing.OTHER and len(taken) >= needed else None

    def _over(self, seconds: float) -> bool:
        if self._doing is Doing.ELSEWHERE:
            return False
        usual = self._usual()
        if usual is None:
            longest = max(self._taken[self._doing], default=0.0)
            return seconds > max(_NEVER_BEFORE[Doing.OTHER], TIMES_USUAL * longest)
        return seconds > max(_NEVER_BEFORE[self._doing], TIMES_USUAL * usual)
