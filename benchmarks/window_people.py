"""Many people at once, and one after the other for a day: how long a first word takes, and what memory does."""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
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
READING, TYPING = 238 / 60, 52 / 60  # words a second: Brysbaert 2019 (silent reading), Dhakal et al. 2018 (typing)
HURRY = (1.0, 4.0)  # seconds between messages of people who hardly read
AT_ONCE = 5  # pages of the soak that are open at a time


class Pace(StrEnum):
    """How people chat, in words."""

    PEOPLE = "each reads 238 and types 52 words a minute"
    HURRY = "each takes 1 to 4 s to read and type"
    TOGETHER = "all press Enter at the same moment"


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


async def chatting(pages: Sequence[Visitor], turns: int, pace: Pace) -> Answers:
    """A person at each page says so many things; the page also asks once a second what is new, as pages do."""
    found = Answers([], [], [])
    ticking = [asyncio.create_task(_tick(page)) for page in pages]
    gate = asyncio.Barrier(len(pages))
    await asyncio.gather(*(_person(page, turns, number, found, pace, gate) for number, page in enumerate(pages)))
    for task in ticking:
        task.cancel()
    await asyncio.gather(*ticking, return_exceptions=True)
    return found


async def _person(page: Visitor, turns: int, number: int, found: Answers, pace: Pace, gate: asyncio.Barrier) -> None:
    dice = random.Random(number)
    heard = ""
    for turn in range(turns):
        words = SAID[(turn + number) % len(SAID)]
        if pace is Pace.TOGETHER:
            await gate.wait()
        elif pace is Pace.HURRY:
            await asyncio.sleep(dice.uniform(*HURRY))
        else:
            seconds = len(heard.split()) / READING + len(words.split()) / TYPING
            await asyncio.sleep(seconds if turn else dice.uniform(0, 20))  # nobody begins with the others
        heard = await _say(page, words, found)


async def _say(page: Visitor, words: str, found: Answers) -> str:
    """Send it; what the sidekick said to it."""
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
    last = max(place for place, each in enumerate(shown) if each["role"] == "user")
    return " ".join(_words(each) for each in shown[last + 1 :])


def _words(message: dict[str, Any]) -> str:
    """What the sidekick says with it; a tool that began is nothing said."""
    if (message.get("metadata") or {}).get("title"):
        return ""
    return " ".join(str(part.get("text", "")) for part in message["content"] if isinstance(part, dict)).strip()


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
