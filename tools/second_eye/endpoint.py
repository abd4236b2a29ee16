"""The exchange with a vision model's server: where it is, what it is sent, busy and faulty servers, refusals, tokens.

Redirects are not followed, and a server on this computer or in its network is never reached through a proxy: pictures
go where `VisionModel.sends_to` says and nowhere else.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..endpoints import OPENAI, Endpoint, asked_to_wait
from ..text import quoted

VARIABLE = "SIDEKICK_VISION_MODEL"
SECONDS = 90.0  # for one answer: a small model on a CPU needs most of them
TRIES = 3  # of one request, where the server is busy or has a fault
LONGEST_WAIT = 60.0  # seconds that a busy server may ask us to wait
_LONGEST_ANSWER = 20_000  # characters that are looked at
_BUSY = (408, 409, 429)

Stop = Callable[[], bool]


class VisionModelFailed(Exception):
    """There is no answer; the message says why, without keys or the server's words. `lasting`: trying the next picture
    would be in vain."""

    def __init__(self, words: str, *, lasting: bool = False, status: int | None = None) -> None:
        super().__init__(words)
        self.lasting = lasting
        self.status = status  # of HTTP


@dataclass(frozen=True)
class Usage:
    """Answers had so far, and the tokens read and written for them where the server told."""

    answers: int = 0
    tokens_read: int = 0
    tokens_written: int = 0


@dataclass
class _State:
    client: Any = None
    plain: bool = False  # the server is known not to take a JSON schema
    used: Usage = Usage()
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass(frozen=True)
class VisionModel:
    """The model's name at the endpoint `url`. May be asked from several threads."""

    name: str
    url: str = field(default=OPENAI, repr=False)  # can hold a password
    key: str = field(default="none", repr=False)
    seconds: float = SECONDS
    _state: _State = field(default_factory=_State, repr=False, compare=False)

    @property
    def endpoint(self) -> Endpoint:
        """Where it is asked."""
        return Endpoint(self.url, self.key)

    @property
    def host(self) -> str:
        """The server's name or address, without user name and password."""
        return self.endpoint.host

    @property
    def local(self) -> bool:
        """Pictures stay on this computer or in its own network."""
        return self.endpoint.local

    @property
    def sends_to(self) -> str:
        """Where the pictures go, in words for the person whose pictures they are."""
        where = {"computer": "this computer", "network": "a computer in your network", "internet": "a server outside"}
        return f"{where[self.endpoint.reach]} ({self.shown_host})"

    @property
    def shown_name(self) -> str:
        """The name for messages."""
        return quoted(self.name, 60)

    @property
    def shown_host(self) -> str:
        """The host for messages."""
        return self.endpoint.shown_host

    @property
    def takes_schema(self) -> bool:
        """False once the server turned out not to know JSON schemas."""
        return not self._state.plain

    def remember_no_schema(self) -> None:
        """Ask in plain words from now on."""
        self._state.plain = True

    @property
    def used(self) -> Usage:
        """What was used so far."""
        return self._state.used


def _client(model: VisionModel) -> Any:
    import openai  # takes a second to import: only those who use it pay

    with model._state.lock:
        if model._state.client is None:
            model._state.client = openai.OpenAI(
                api_key=model.key,
                base_url=model.url,
                timeout=model.seconds,
                max_retries=0,  # waits must end when they are stopped: `reply` tries again itself
                http_client=openai.DefaultHttpx2Client(**model.endpoint.client_options()),
            )
        return model._state.client


def reply(model: VisionModel, content: list[dict[str, Any]], extra: dict[str, Any], stop: Stop) -> str:
    """The words of the answer to one message, tried up to TRIES times."""
    import openai

    client = _client(model)
    for attempt in range(1, TRIES + 1):
        if stop():
            raise VisionModelFailed("It was stopped.", lasting=True)
        wait = 0.5 * 2 ** (attempt - 1)
        try:
            messages = [{"role": "user", "content": content}]
            return _words(model, client.chat.completions.create(model=model.name, messages=messages, **extra))
        except openai.APITimeoutError:
            failure = VisionModelFailed(f"{model.shown_name} did not answer within {model.seconds:g} seconds.")
        except openai.APIStatusError as error:
            failure = _failure(model, error.status_code)
            if not (error.status_code in _BUSY or error.status_code >= 500) or error.code == "insufficient_quota":
                raise failure from None  # the cause can hold the key
            wait = asked_to_wait(error.response.headers) or wait
        except openai.APIConnectionError:
            told = f"{model.shown_host} cannot be reached. Check OPENAI_BASE_URL and that the server runs."
            failure = VisionModelFailed(told, lasting=True)
        except (openai.APIError, ValueError):
            raise VisionModelFailed(f"{model.shown_host} answered, but not as a chat server does.") from None
        if attempt == TRIES or wait > LONGEST_WAIT:
            break
        _pause(wait, stop)
    raise failure


def _words(model: VisionModel, done: Any) -> str:
    """The text of a Chat Completions answer; foreign servers leave fields out, so nothing is taken for granted."""
    usage = getattr(done, "usage", None)
    told = (getattr(usage, name, None) for name in ("prompt_tokens", "completion_tokens"))
    read, written = (tokens if isinstance(tokens, int) else 0 for tokens in told)
    with model._state.lock:
        used = model._state.used
        model._state.used = Usage(used.answers + 1, used.tokens_read + read, used.tokens_written + written)
    choices = getattr(done, "choices", None)
    first = choices[0] if isinstance(choices, list) and choices else None
    message = getattr(first, "message", None)
    if getattr(message, "refusal", None) or getattr(first, "finish_reason", None) == "content_filter":
        raise VisionModelFailed(f"{model.shown_name} declined to look at the picture.")
    content = getattr(message, "content", None)
    return content[:_LONGEST_ANSWER] if isinstance(content, str) else ""


def _failure(model: VisionModel, status: int) -> VisionModelFailed:
    name, host = model.shown_name, model.shown_host
    words = {
        401: f"{host} did not accept the key. Check OPENAI_API_KEY.",
        403: f"{host} does not allow this. Check OPENAI_API_KEY and its rights.",
        404: f"{host} does not know the model {name}. Check {VARIABLE} and OPENAI_BASE_URL.",
        429: f"{host} is asked too often, or its quota is used up. Try again later.",
    }
    lasting = status in words
    if 300 <= status < 400:
        told, lasting = f"{host} points to another address. Pictures are not sent on; correct OPENAI_BASE_URL.", True
    elif status >= 500:
        told = f"{host} has a fault of its own. Try again later."
    else:
        told = words.get(status, f"{host} refused the request. The model {name} may not understand pictures.")
    return VisionModelFailed(f"{told} (Status {status}.)", lasting=lasting, status=status)


def _pause(seconds: float, stop: Stop) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and not stop():
        time.sleep(min(0.1, max(0.0, end - time.monotonic())))
