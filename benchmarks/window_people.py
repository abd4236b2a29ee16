"""Many people at once, and one after the other for a day: how long a first word takes, and what memory does."""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .window_client import Visitor, visitor
from .window_server import Server

SAID = (
    "hello, what can you do?",
    "I want to teach it my cartoon cat",
    "how many pictures do I need?",
    "what is overfitting?",
    "which recipe fits a painting style?",
    "what next?",
    "thanks",
)
READING = (1.0, 4.0)  # seconds that a person takes to read and type
AT_ONCE = 5  # pages of the soak that are open at a time


@dataclass(frozen=True)
class Answers:
    """Seconds from sending to one's own words on the page, to the sidekick's first word, and to the whole answer."""

    echo: list[float]
    first: list[float]
    whole: list[float]


async def open_pages(url: str, people: int) -> list[Visitor]:
    """So many pages, opened one after the other."""
    pages = [visitor(url) for _ in range(people)]
    for page in pages:
        await page.open()
    return pages


async def chatting(pages: Sequence[Visitor], turns: int, *, together: bool) -> Answers:
    """A person at each page says so many things; the page also asks once a second what is new, as pages do.

    `together`: all press Enter at the same moment, each round; else each reads and types at a pace of their own.
    """
    found = Answers([], [], [])
    ticking = [asyncio.create_task(_tick(page)) for page in pages]
    gate = asyncio.Barrier(len(pages)) if together else None
    dice = random.Random(7)
    talks = []
    for number, page in enumerate(pages):
        pauses = [dice.uniform(*READING) for _ in range(turns)]
        talks.append(_person(page, pauses, number, found, gate))
    await asyncio.gather(*talks)
    for task in ticking:
        task.cancel()
    await asyncio.gather(*ticking, return_exceptions=True)
    return found


async def _person(
    page: Visitor, pauses: Sequence[float], number: int, found: Answers, gate: asyncio.Barrier | None
) -> None:
    for turn, pause in enumerate(pauses):
        if gate is not None:
            await gate.wait()
        else:
            await asyncio.sleep(pause)
        await _say(page, SAID[(turn + number) % len(SAID)], found)


async def _say(page: Visitor, words: str, found: Answers) -> None:
    echo = first = seconds = None
    shown: list[dict[str, Any]] = []
    async for seconds, shown in page.say(words):
        mine = max((place for place, each in enumerate(shown) if each["role"] == "user"), default=None)
        if mine is None:
            continue
        echo = echo or seconds
        if first is None and any(_words(each) for each in shown[mine + 1 :]):
            first = seconds
    if echo is None or first is None or seconds is None:
        raise RuntimeError(f"the sidekick did not answer {words!r}")
    found.echo.append(echo)
    found.first.append(first)
    found.whole.append(seconds)


def _words(message: dict[str, Any]) -> bool:
    """Is it something that the sidekick says? A tool that began is not."""
    told = bool((message.get("metadata") or {}).get("title"))
    return not told and any(str(part.get("text", "")).strip() for part in message["content"] if isinstance(part, dict))


async def _tick(page: Visitor) -> None:
    while True:
        begun = time.monotonic()
        await page.look()
        await asyncio.sleep(max(0.0, 1.0 - (time.monotonic() - begun)))


async def visits(url: str, count: int, at_once: int = AT_ONCE) -> None:
    """So many people who come, say something, look once and go, some at a time."""
    waiting = iter(range(count))

    async def come_and_go() -> None:
        for number in waiting:
            page = visitor(url)
            await page.open()
            async for _ in page.say(SAID[number % len(SAID)]):
                pass
            await page.look()
            await page.close()

    await asyncio.gather(*(come_and_go() for _ in range(at_once)))


def soak(server: Server, sessions: int, every: int = 50) -> list[tuple[int, float]]:
    """The server's memory in MB after so many visits."""
    seen = [(0, server.memory)]
    for done in range(every, sessions + 1, every):
        asyncio.run(visits(server.url, every))
        seen.append((done, server.memory))
    return seen


def percentiles(seconds: Sequence[float]) -> str:
    """Median and 95th percentile."""
    median, late = np.percentile(seconds, [50, 95])
    return f"median {median:.2f} s, 95th percentile {late:.2f} s"
