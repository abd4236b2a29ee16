"""Locks that the kernel takes back when a process ends, however it ends: no clock, no pid and no clean-up to trust.

They hold among all processes of one machine that share the workspace's folder, containers included.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_GLANCE_SECONDS = 0.02  # longer than anybody's look at a lock takes


@contextmanager
def lock(path: Path, patience: float = 1.0) -> Iterator[bool]:
    """Hold the lock for the block: True, or False when somebody else kept it for `patience` seconds.

    The patience is for `is_held` of other processes, which takes the lock for a moment.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield _taken(handle, fcntl.LOCK_EX, patience)
    finally:
        os.close(handle)


def is_held(path: Path) -> bool:
    """Does a living process hold the lock?"""
    try:
        handle = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        return not _taken(handle, fcntl.LOCK_SH, patience=0.0)
    finally:
        os.close(handle)


def _taken(handle: int, kind: int, patience: float) -> bool:
    until = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(handle, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(_GLANCE_SECONDS)
        else:
            return True
