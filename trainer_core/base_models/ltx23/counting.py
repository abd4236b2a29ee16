"""Counts the bytes of a download as they are written."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

Progress = Callable[[str, int, int], None]  # phase ("downloading" or "checking"), bytes done, bytes in all


@dataclass
class Meter:
    """Bytes that have arrived, of how many; tells `progress` of every change."""

    progress: Progress
    total: int
    done: int = 0

    def add(self, count: int) -> None:
        self.done += count
        self.progress("downloading", max(0, min(self.done, self.total)), self.total)


@dataclass
class Counted:
    """A file that tells the meter of every block written to it, takes back what is cut off, and has a largest size."""

    file: BinaryIO
    meter: Meter
    limit: int

    def write(self, block: bytes) -> int:
        if self.file.tell() + len(block) > self.limit:  # a server that never stops would fill the disk
            raise ValueError("more was sent than the Hub had told of")
        count = self.file.write(block)
        self.meter.add(len(block))
        return count

    def tell(self) -> int:
        return self.file.tell()

    def seek(self, position: int) -> int:
        return self.file.seek(position)

    def truncate(self) -> int:
        before = os.fstat(self.file.fileno()).st_size
        size = self.file.truncate()
        self.meter.add(size - before)
        return size
