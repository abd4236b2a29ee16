"""The words of an answer while they stream: thoughts are left out, and what may be a tool call is held back."""

from .written import MARKS, OPENINGS

THOUGHTS = (("<think>", "</think>"), ("<thinking>", "</thinking>"), ("[THINK]", "[/THINK]"))
LONGEST_ANSWER = 40_000  # characters that a person is shown


class Words:
    """Takes pieces and gives what can be shown at once. `held` is what may be a tool call written as text."""

    def __init__(self) -> None:
        self.held = ""
        self._waiting = ""  # not yet known what it is
        self._closing = ""  # what ends the thoughts that are being left out
        self._begun = False  # words were shown
        self.length = 0

    def take(self, piece: str) -> str:
        """What of it can be shown."""
        self.length += len(piece)
        if self.held:
            self.held += piece
            return ""
        self._waiting += piece
        shown = self._thoughts()
        return shown if self._begun or self._closing else shown + self._opening()

    def end(self) -> str:
        """Words that were still waiting to be understood."""
        rest, self._waiting = ("" if self._closing else self._waiting), ""
        return rest

    def _thoughts(self) -> str:
        """Leave out finished thoughts; give the words in the middle of an answer."""
        while True:
            if self._closing:
                _, found, rest = self._waiting.partition(self._closing)
                if not found:
                    return ""
                self._closing, self._waiting = "", rest.lstrip() if not self._begun else rest
            start = self._waiting.lstrip()
            opened = next(((first, last) for first, last in THOUGHTS if start.startswith(first)), None)
            if opened is None or self._begun:
                break
            self._closing, self._waiting = opened[1], start[len(opened[0]) :]
        return self._middle() if self._begun else ""

    def _opening(self) -> str:
        """At the beginning: words, or something to hold back?"""
        start = self._waiting.lstrip()
        if start.startswith(OPENINGS):
            self.held, self._waiting = start, ""
            return ""
        possible = (*OPENINGS, *(first for first, _ in THOUGHTS))
        if any(opening.startswith(start) for opening in possible):  # also nothing at all: it may still become one
            return ""
        self._begun, self._waiting = True, start
        return self._middle()

    def _middle(self) -> str:
        """Words up to a call that begins in the middle; its first letters may be the last that came."""
        text = self._waiting
        starts = [text.index(mark) for mark in MARKS if mark in text]
        if starts:
            self.held, self._waiting = text[min(starts) :], ""
            return text[: min(starts)]
        keep = max((size for mark in MARKS for size in range(1, len(mark)) if text.endswith(mark[:size])), default=0)
        self._waiting = text[len(text) - keep :]
        return text[: len(text) - keep]
