"""One request to a server: its words as they come in, and what goes wrong in words for a person."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import httpx2
import openai

from tools.endpoints import Endpoint

from . import sse
from .client import Limits, client_of
from .failures import BrokenOff, ModelFailed, not_reached, of_status, too_slow
from .reading import Answer


async def words_of_one(
    endpoint: Endpoint, limits: Limits, body: dict[str, Any], answer: Answer, end: float
) -> AsyncGenerator[str, None]:
    """Send `body` (of Chat Completions) once and yield the words that can be shown; `answer` takes in all of it.

    `end`: the moment of time.monotonic() at which the whole answer must be there. Raises ModelFailed.
    """
    model, silence = str(body["model"]), limits.silence
    chunks = _chunks(endpoint, limits, body)
    try:
        async with aclosing(chunks):
            while not answer.too_long:
                silence = min(limits.silence, max(0.0, end - time.monotonic()))
                try:
                    async with asyncio.timeout(silence):
                        chunk = await anext(chunks)
                except StopAsyncIteration:
                    break
                if piece := answer.take(chunk):
                    yield piece
    except (TimeoutError, httpx2.TimeoutException, openai.APITimeoutError):
        whole = silence < limits.silence
        raise too_slow(model, limits.call if whole else silence, whole=whole) from None
    except openai.APIStatusError as error:
        raise _of(error, model, endpoint) from None  # the cause can hold the key
    except openai.APIConnectionError:
        raise not_reached(endpoint.host) from None
    except (httpx2.HTTPError, ValueError):
        raise BrokenOff(
            f"The answer of {endpoint.shown_host} broke off, or was not that of a chat server.", again=True
        ) from None
    if rest := answer.end():
        yield rest


def _of(error: openai.APIStatusError, model: str, endpoint: Endpoint) -> ModelFailed:
    body = error.body if error.body is not None else error.message
    return of_status(error.status_code, body, dict(error.response.headers), model, endpoint.host)


async def _chunks(endpoint: Endpoint, limits: Limits, body: dict[str, Any]) -> AsyncGenerator[dict[str, Any], None]:
    create = client_of(endpoint, limits).chat.completions.with_streaming_response.create
    async with create(**body) as response:
        pieces = sse.chunks(response.iter_bytes(), response.headers.get("content-type", ""))
        async with aclosing(pieces):
            async for chunk in pieces:
                yield chunk
