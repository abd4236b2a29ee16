"""Keeps keys, tokens and passwords out of messages, events and logs."""

import io
import os
import re
from contextlib import suppress
from typing import TextIO

HIDDEN = "[hidden]"
_SECRET_NAME = re.compile(r"key|token|secret|password|passwd|credential", re.IGNORECASE)
_SHORTEST_SECRET = 8  # shorter values ("1", "true") would blank ordinary words
_kept_out: set[str] = set()
_PATTERNS = (
    re.compile(r"(?<=://)[^\s/:@]+:[^\s/@]+(?=@)"),  # user:password in a URL
    re.compile(r"\b(?:sk|pk|rk)-[A-Za-z0-9_-]{12,}"),
    re.compile(r"\bxox[a-z]-[A-Za-z0-9-]{8,}|\bxapp-[A-Za-z0-9-]{8,}"),
    re.compile(r"\bhf_[A-Za-z0-9]{16,}"),
    re.compile(r"\bgh[a-z]_[A-Za-z0-9]{20,}|\bgithub_pat_\w{20,}"),
    re.compile(r"(?i)(?<=bearer )[A-Za-z0-9._~+/=-]{8,}"),
    re.compile(r"(?i)(?<=authorization: key )\S{8,}"),
    re.compile(r"(?i)(?<=[?&])(?:api_?key|token|secret|password|signature|x-amz-[a-z-]+)=[^\s&]+"),
)


def keep_out(secret: str) -> None:
    """From now on this process hides this value as well: a key that is kept in a file and in no variable."""
    if len(secret) >= _SHORTEST_SECRET:
        _kept_out.add(secret)


def redact(text: str) -> str:
    """The text with secrets replaced: values of environment variables that are named like secrets, what was said to be
    kept out, and known shapes."""
    for value in sorted(_kept_out, key=len, reverse=True):
        text = text.replace(value, HIDDEN)
    for name, value in os.environ.items():
        if len(value) >= _SHORTEST_SECRET and _SECRET_NAME.search(name):
            text = text.replace(value, HIDDEN)
    for pattern in _PATTERNS:
        text = pattern.sub(HIDDEN, text)
    return text


class RedactedStream(io.TextIOBase):
    """A text stream that passes everything on without secrets. A secret cut over two writes is not seen.

    What cannot be written is dropped: a full disk or a closed window must not end the work that is told of.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with suppress(OSError):
            self._stream.write(redact(text))
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()

    def fileno(self) -> int:
        return self._stream.fileno()

    def isatty(self) -> bool:
        return self._stream.isatty()

    def writable(self) -> bool:
        return True
