"""A server knows the key that it is asked with, and may say it. Nobody who reads the answer has to learn it."""

import json
from typing import Any

from trainer_core.jobs.redact import HIDDEN

_SHORTEST = 8  # a shorter key ("none") would blank ordinary words


class Hiding:
    """Takes the words of an answer in pieces and gives them without the key, also where it comes letter by letter."""

    def __init__(self, key: str) -> None:
        self._key = key if len(key) >= _SHORTEST else ""
        self._waiting = ""  # the beginning of what may become the key

    def take(self, piece: str) -> str:
        """What of it can be shown."""
        text = self.all_of(self._waiting + piece)
        sizes = range(min(len(self._key) - 1, len(text)), 0, -1)
        keep = next((size for size in sizes if text.endswith(self._key[:size])), 0)
        self._waiting = text[len(text) - keep :]
        return text[: len(text) - keep]

    def end(self) -> str:
        """What waited and did not become the key."""
        rest, self._waiting = self._waiting, ""
        return rest

    def all_of(self, text: str) -> str:
        """A whole text without the key."""
        return text.replace(self._key, HIDDEN) if self._key else text

    def in_arguments(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Arguments of a tool call without it, however it was escaped."""
        if not self._key:
            return arguments
        written, key = json.dumps(arguments, ensure_ascii=False), json.dumps(self._key, ensure_ascii=False)[1:-1]
        return dict(json.loads(written.replace(key, HIDDEN))) if key in written else arguments
