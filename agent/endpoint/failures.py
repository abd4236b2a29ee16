"""Why a chat model gave no answer, in words for a person. Never the server's own words: they may hold keys or paths."""

import re
from collections.abc import Mapping
from typing import Any

from tools.endpoints import asked_to_wait
from tools.text import quoted

LONGEST_BODY = 20_000  # characters of an error that are looked at

_TOOLS = re.compile(
    r"not support (?:tool|function)|tool (?:use|calling) is not supported|support tool use|enable-auto-tool-choice"
    r"|tools param requires --jinja",
    re.IGNORECASE,
)
_CONTEXT = re.compile(
    r"context_length_exceeded|exceed_context_size|context (?:length|window|size)|maximum context|prompt is too long"
    r"|too many tokens|input is too long|reduce the length",
    re.IGNORECASE,
)
_FILTER = re.compile(r"content_filter|content management policy|content_policy", re.IGNORECASE)
_QUOTA = re.compile(r"insufficient_quota|insufficient (?:credit|balance|funds)|billing", re.IGNORECASE)
_REFUSED = re.compile(
    r"unsupported|not supported|does not support|unrecogni[sz]ed|unknown|unexpected|extra (?:inputs|fields)"
    r"|not permitted",
    re.IGNORECASE,
)
OPTIONS = ("temperature", "stream_options")  # that a server may not know, and that we can do without


class ModelFailed(Exception):
    """There is no answer; the message says why. `again`: another try may help, after `wait` seconds if known.

    `tokens`: read and written for it all the same, where the server told.
    """

    tokens: tuple[int, int] | None = None

    def __init__(self, words: str, *, again: bool = False, wait: float | None = None) -> None:
        super().__init__(words)
        self.again = again
        self.wait = wait


class ContextTooLong(ModelFailed):
    """The conversation is longer than the model can read."""


class OptionRefused(ModelFailed):
    """The server does not take one of OPTIONS."""

    def __init__(self, option: str) -> None:
        super().__init__(f"The server does not take {option}.", again=True)
        self.option = option


class BrokenOff(ModelFailed):
    """The answer ended in the middle."""


class Unreadable(ModelFailed):
    """A tool call came that is no valid JSON, or that names no tool that there is. `fault` tells the model."""

    def __init__(self, words: str, fault: str) -> None:
        super().__init__(words, again=True)
        self.fault = fault


def of_status(status: int, body: Any, headers: Mapping[str, str], model: str, host: str) -> ModelFailed:
    """What an HTTP error means. `body`: the answer as parsed JSON or text."""
    said = str(body)[:LONGEST_BODY]
    who, where = quoted(model, 60), quoted(host, 80)
    if _TOOLS.search(said):
        return ModelFailed(
            f"{who} at {where} cannot call tools, and without tools I can do nothing for you. Take a model that can: "
            "with Ollama one that its library marks “tools”; start vLLM with --enable-auto-tool-choice and "
            "--tool-call-parser, llama.cpp with --jinja."
        )
    if status in (400, 413, 422, 500) and _CONTEXT.search(said):
        return ContextTooLong(
            f"Our conversation is longer than {who} can read. Start a new one, or give the server a longer context "
            "(Ollama: OLLAMA_CONTEXT_LENGTH, vLLM: --max-model-len, llama.cpp: -c)."
        )
    if status in (400, 403) and _FILTER.search(said):
        return ModelFailed(f"{where} declined to answer: its content filter did. Say it in other words.")
    if status in (400, 422) and _REFUSED.search(said):
        option = next((name for name in OPTIONS if name in said), None)
        if option:
            return OptionRefused(option)
    if status == 402 or (status == 429 and _QUOTA.search(said)):
        return ModelFailed(f"There is no credit left at {where} for {who}.")
    return _by_number(status, asked_to_wait(headers), who, where)


def _by_number(status: int, wait: float | None, who: str, where: str) -> ModelFailed:
    if 300 <= status < 400:
        return ModelFailed(f"{where} points to another address, which I do not follow. Correct OPENAI_BASE_URL.")
    if status in (401, 403):
        return ModelFailed(f"{where} refused the key for {who}. Check it: OPENAI_API_KEY, or the settings.")
    if status == 404:
        return ModelFailed(
            f"The model {who} is not known at {where}. Name one that is there in SIDEKICK_MODEL, and check that "
            "OPENAI_BASE_URL ends as the server wants it, usually in /v1."
        )
    if status == 429:
        when = f" It asks to wait {wait:.0f} seconds." if wait else ""
        return ModelFailed(f"{where} asks to slow down.{when}", again=True, wait=wait)
    if status in (408, 409) or status >= 500:
        return ModelFailed(f"{where} has a fault of its own (status {status}).", again=True, wait=wait)
    return ModelFailed(f"{where} refused the request (status {status}); the details are in the log.")


def not_reached(host: str) -> ModelFailed:
    """No connection."""
    return ModelFailed(
        f"The language model's server {quoted(host, 80)} can't be reached. Check that it runs, and OPENAI_BASE_URL.",
        again=True,
    )


def too_slow(model: str, seconds: float, *, whole: bool) -> ModelFailed:
    """Nothing came for a long time, or the `whole` answer took too long."""
    what = "was not ready after" if whole else "was silent for"
    return BrokenOff(
        f"{quoted(model, 60)} {what} {seconds:.0f} seconds, so I stopped waiting. A slow model needs more: set "
        "SIDEKICK_MODEL_SECONDS.",
        again=True,
    )


def words_of(failure: ModelFailed) -> str:
    """What a person is told: why, what was kept, what to do."""
    more = "Try again, or set" if failure.again else "Or set"
    return (
        f"{failure} Everything so far is kept. {more} SIDEKICK_MODEL=guided (or change it in the settings) to go on "
        "without a language model."
    )
