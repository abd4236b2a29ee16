"""The connection to a server, and how long anything about it may take."""

import asyncio
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import httpx2
import openai

from tools.endpoints import Endpoint


@dataclass(frozen=True)
class Limits:
    """In seconds, except `tries`: of one call of the model."""

    connect: float = 10.0
    silence: float = 120.0  # until the first word, and between two: a small computer reads the prompt that long
    call: float = 300.0
    longest_wait: float = 30.0  # that a busy server may ask for
    tries: int = 3
    pause: float = 0.5  # before the second try; it doubles


_clients: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[tuple[str, str, Limits], openai.AsyncOpenAI]] = (
    WeakKeyDictionary()
)


def client_of(endpoint: Endpoint, limits: Limits) -> openai.AsyncOpenAI:
    """One client for each server in this event loop: connections belong to the loop that opened them."""
    clients = _clients.setdefault(asyncio.get_running_loop(), {})
    key = (endpoint.url, endpoint.key, limits)
    if key not in clients:
        seconds = httpx2.Timeout(limits.silence, connect=limits.connect)
        clients[key] = openai.AsyncOpenAI(
            api_key=endpoint.key,
            base_url=endpoint.url,
            timeout=seconds,
            max_retries=0,  # a stream that breaks in the middle must be tried again too, so all tries are in the model
            http_client=openai.DefaultAsyncHttpx2Client(timeout=seconds, **endpoint.client_options()),
        )
    return clients[key]
