"""Wrong passwords: after a few, a wait that doubles, for the name that is tried and for the address it comes from."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

FREE = {"name": 5, "address": 20}  # wrong passwords before the first wait
FIRST_WAIT, LONGEST_WAIT = 30.0, 15 * 60.0  # seconds
FORGET = 60 * 60.0  # seconds without a wrong password, after which nothing is held against anybody
MOST = 10_000  # names and addresses that are remembered


@dataclass
class _Record:
    wrong: int = 0
    last: float = 0.0


class Throttle:
    """Counts wrong passwords. Kept in memory: a restart forgets, and costs an attacker more than the wait."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._records: OrderedDict[tuple[str, str], _Record] = OrderedDict()

    def wait(self, name: str, address: str) -> float:
        """Seconds until a password is looked at again; 0 when it is looked at now."""
        return max(self._wait("name", name), self._wait("address", address))

    def wrong(self, name: str, address: str) -> None:
        """A wrong password was given."""
        for kind, value in (("name", name), ("address", address)):
            record = self._record(kind, value) or _Record()
            record.wrong, record.last = record.wrong + 1, self._clock()
            self._records[kind, value] = record
            self._records.move_to_end((kind, value))
        while len(self._records) > MOST:
            self._records.popitem(last=False)

    def right(self, name: str) -> None:
        """The right one was given; the address may still be guessing other names."""
        self._records.pop(("name", name), None)

    def _wait(self, kind: str, value: str) -> float:
        record = self._record(kind, value)
        if record is None or record.wrong < FREE[kind]:
            return 0.0
        wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(16, record.wrong - FREE[kind]))
        return max(0.0, record.last + wait - self._clock())

    def _record(self, kind: str, value: str) -> _Record | None:
        record = self._records.get((kind, value))
        if record is not None and self._clock() - record.last > FORGET:
            self._records.pop((kind, value), None)
            return None
        return record
