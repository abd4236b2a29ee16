"""One answer as it comes in: its words, its tool calls, what it used and how it ended."""

from collections.abc import Collection, Mapping
from typing import Any

from .calls import Call, Gatherer
from .failures import BrokenOff, ModelFailed, of_status
from .hiding import Hiding
from .words import LONGEST_ANSWER, Words
from .written import written

CUT = "\n\n(The answer was cut here: it was too long.)"


class Answer:
    """Takes chunks of Chat Completions, from servers that follow the protocol and from those that nearly do."""

    def __init__(
        self, model: str, host: str, visible: Collection[str], taken: Collection[str], seen: str, key: str = ""
    ) -> None:
        self.text = ""  # what a person is shown
        self.calls: list[Call] = []
        self.tokens: tuple[int, int] | None = None  # read and written, where the server told
        self.model = ""
        self.finish = ""
        self._who = (model, host)
        self._visible, self._taken, self._seen = visible, taken, seen
        self._words = Words()
        self._hiding = Hiding(key)
        self._gathered = Gatherer()
        self._over = False

    def take(self, chunk: Mapping[str, Any]) -> str:
        """Words that can be shown. Raises ModelFailed for an error in place of a chunk."""
        if chunk.get("done"):
            self._over = True
            return ""
        if chunk.get("error") or chunk.get("object") == "error":
            raise self._error(chunk)
        self._note(chunk)
        choices = chunk.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else None
        if not isinstance(choice, dict) or choice.get("index") not in (0, None):
            return ""
        if isinstance(choice.get("finish_reason"), str):
            self.finish = self._hiding.all_of(choice["finish_reason"])
        delta = choice.get("delta")
        if not isinstance(delta, dict):
            return ""
        self._gathered.take(delta.get("tool_calls"))
        piece = delta.get("content") or delta.get("refusal")
        return self._show(self._words.take(self._hiding.take(piece))) if isinstance(piece, str) else ""

    @property
    def too_long(self) -> bool:
        """Nobody reads that much, and a model that repeats itself does not end."""
        return self._words.length > LONGEST_ANSWER

    def end(self) -> str:
        """The last words. Raises ModelFailed when there is no answer, or only a part of one."""
        model, host = self._who
        if self.finish == "content_filter":
            raise ModelFailed(f"{host} declined to answer: its content filter did. Say it in other words.")
        if not (self._over or self.finish or self.too_long):
            raise BrokenOff(f"The connection to {host} broke off in the middle of the answer.", again=True)
        self.calls = [self._without_key(call) for call in self._gathered.made(self._visible, self._taken)]
        rest = self._words.take(self._hiding.end()) + self._words.end()
        if self._words.held and not self.calls:
            found = written(self._words.held, self._visible, self._seen)
            self.calls = found or []
            rest += "" if found else self._words.held
        if self.too_long:
            rest = rest[: max(0, LONGEST_ANSWER - len(self.text))] + CUT
        elif self.finish == "length" and not self.calls:
            rest += "\n\n(The answer ends here: the model may not write more at a time.)" if self.text + rest else ""
        shown = self._show(rest)
        if not self.text.strip() and not self.calls:
            raise ModelFailed(f"{model} gave no answer.", again=True)
        return shown

    def _without_key(self, call: Call) -> Call:
        hide = self._hiding
        return Call(hide.all_of(call.id), hide.all_of(call.name), hide.in_arguments(call.arguments))

    def _show(self, words: str) -> str:
        self.text += words
        return words

    def _note(self, chunk: Mapping[str, Any]) -> None:
        usage = chunk.get("usage")
        if isinstance(usage, dict):
            read, wrote = usage.get("prompt_tokens"), usage.get("completion_tokens")
            if isinstance(read, int) and isinstance(wrote, int) and read + wrote > 0:
                self.tokens = (read, wrote)
        if isinstance(chunk.get("model"), str):
            self.model = self._hiding.all_of(chunk["model"])

    def _error(self, chunk: Mapping[str, Any]) -> ModelFailed:
        """Some servers send an error with status 200, or in the middle of a stream."""
        inner = chunk.get("error")
        code = inner.get("code") if isinstance(inner, dict) else chunk.get("code")
        status = code if isinstance(code, int) and 400 <= code < 600 else 500
        return of_status(status, inner if inner else dict(chunk), {}, *self._who)
