"""Requests and answers as ASGI passes them: read whole, held back, given once more."""

import json
from typing import Any
from urllib.parse import parse_qs

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import Message, Receive, Send

from .people_headers import with_nonce


class Held:
    """An answer of gradio's that is held back until somebody has looked at it."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._held: list[Message] = []

    async def take(self, message: Message) -> None:
        """In place of `send`."""
        self._held.append(message)

    @property
    def files(self) -> list[str]:
        """Of an upload's answer: where the files lie."""
        if not self._held or self._held[0].get("status") != 200:
            return []
        told: Any = json.loads(self._body())
        return [each for each in told if isinstance(each, str)]

    async def pass_on(self) -> None:
        """Now the browser hears of it."""
        for message in self._held:
            await self._send(message)

    async def pass_page_on(self) -> None:
        """The same for the page itself: the scripts that gradio wrote into it are marked, and only they run."""
        start = self._held[0]
        headers = MutableHeaders(scope=start)
        if not headers.get("content-type", "").startswith("text/html"):
            await self.pass_on()
            return
        body, policy = with_nonce(self._body())
        headers["content-length"], headers["content-security-policy"] = str(len(body)), policy
        await self._send(start)
        await self._send({"type": "http.response.body", "body": body})

    def _body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self._held[1:])


async def body_of(request: Request, most: int) -> bytes | None:
    """The whole body; None when it is longer than `most`."""
    parts, length = [], 0
    async for part in request.stream():
        length += len(part)
        if length > most:
            return None
        parts.append(part)
    return b"".join(parts)


async def form_of(request: Request, most: int) -> dict[str, str] | None:
    """A form's fields; None for anything else, or for more than `most` bytes."""
    body = await body_of(request, most)
    if body is None or not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return None
    try:
        return {name: values[-1] for name, values in parse_qs(body.decode(), max_num_fields=10).items()}
    except ValueError:  # also of text that is no UTF-8
        return None


def given_again(body: bytes, receive: Receive) -> Receive:
    """The body once more for gradio, and then whatever comes."""
    given = False

    async def once_more() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return once_more
