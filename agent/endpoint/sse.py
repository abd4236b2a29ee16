"""From the bytes of a response to the chunks of an answer: server-sent events, or one JSON body from simple servers."""

import json
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

LONGEST_LINE = 4_000_000  # bytes
DONE = "[DONE]"


async def chunks(pieces: AsyncIterator[bytes], content_type: str) -> AsyncGenerator[dict[str, Any], None]:
    """The JSON objects of the answer in order; the mark of the end comes as {"done": True}.

    Raises ValueError for anything that is no JSON object.
    """
    if "text/event-stream" not in content_type:
        yield _whole(await _all(pieces))
        yield {"done": True}
        return
    async for line in _lines(pieces):
        if not line.startswith(b"data:"):  # comments that keep the connection alive, names of events
            continue
        data = line[5:].strip().decode("utf-8", errors="replace")
        if data == DONE:
            yield {"done": True}
            return
        yield _object(data)


async def _lines(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Lines end in LF or CRLF. Other separators of Unicode may stand inside JSON, so str.splitlines is no use."""
    rest = b""
    async for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            yield line
        if len(rest) > LONGEST_LINE:
            raise ValueError("a line without end")
    if rest:
        yield rest


async def _all(pieces: AsyncIterator[bytes]) -> str:
    body = b""
    async for piece in pieces:
        body += piece
        if len(body) > LONGEST_LINE:
            raise ValueError("a body without end")
    return body.decode("utf-8", errors="replace")


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except RecursionError:
        raise ValueError("nested without end") from None
    if not isinstance(found, dict):
        raise ValueError("no JSON object")
    return found


def _whole(text: str) -> dict[str, Any]:
    """A whole answer in the shape of a chunk: its message stands where a delta would."""
    body = _object(text)
    choices = body.get("choices")
    if isinstance(choices, list):
        body["choices"] = [
            {**choice, "delta": choice.get("message")} if isinstance(choice, dict) else choice for choice in choices
        ]
    return body
