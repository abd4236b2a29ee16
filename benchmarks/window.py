"""The window's figures: first sight, twenty people at once, a thousand files, and memory over a day of visits.

Run: python -m benchmarks.window [--parts sight people files soak] [--sessions 200] [--files 1000]

A real server process on an empty workspace, with the guided model. Pages are opened in Chromium; people who chat and
visits of the soak speak the page's own protocol over HTTP (window_client). Goals are those of issue 7.
"""

import argparse
import asyncio
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import gradio

from .window_pages import chromium, first_sight, gallery_sight
from .window_people import Pace, chatting, open_pages, percentiles, soak
from .window_server import Server

REPEATS = 5
PEOPLE, TURNS = 20, 6
SIGHT_GOAL, WORD_GOAL, GALLERY_GOAL = 2.0, 1.5, 2.0  # seconds
PARTS = ("sight", "people", "files", "soak")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--sessions", type=int, default=200, help="visits of the soak")
    parser.add_argument("--files", type=int, default=1000, help="files of the large dataset")
    asked = parser.parse_args()
    print(machine())
    parts: dict[str, Callable[[Server], None]] = {
        "sight": sight,
        "people": people,
        "files": lambda server: gallery(server, asked.files),
        "soak": lambda server: memory(server, asked.sessions),
    }
    for name in asked.parts:
        with TemporaryDirectory() as folder:
            server = Server(Path(folder) / "home")
            begun = time.perf_counter()
            server.start()
            print(f"\n[{name}] the server answers after {time.perf_counter() - begun:.1f} s, {server.memory:.0f} MB")
            try:
                parts[name](server)
            finally:
                used = server.cpu_seconds
                server.stop()
            print(f"processor time of the server: {used:.1f} s; {load()}")


def sight(server: Server) -> None:
    """First useful paint: the server is warm, the browser's cache empty."""
    with chromium() as browser:
        first_sight(browser, server.url, 1)
        for name, seconds in first_sight(browser, server.url, REPEATS).items():
            goal = f" (goal: under {SIGHT_GOAL:g} s)" if name == "recipes to be seen" else ""
            print(f"{name}: {percentiles(seconds)}, worst {max(seconds):.2f} s of {REPEATS}{goal}")


def people(server: Server) -> None:
    """Twenty people: as people read and type, in a hurry, and all pressing Enter at the same moment."""
    asyncio.run(_people(server))


async def _people(server: Server) -> None:
    before = server.cpu_seconds
    pages = await open_pages(server.url, PEOPLE)
    print(f"a page costs the server {(server.cpu_seconds - before) / PEOPLE:.2f} s of a processor when it is opened")
    await chatting(pages[:1], 2, Pace.HURRY)
    for pace in Pace:
        before = server.cpu_seconds
        answers = await chatting(pages, TURNS, pace)
        print(f"{PEOPLE} people, {TURNS} messages each, {pace}; every page asks once a second what is new:")
        print(f"  first word: {percentiles(answers.first)} (goal: 95th percentile under {WORD_GOAL:g} s)")
        print(f"  one's own words appear: {percentiles(answers.echo)}; whole answer: {percentiles(answers.whole)}")
        used = (server.cpu_seconds - before) / len(answers.whole)
        print(f"  {used:.2f} s of a processor for each message, ticks included")
    for page in pages:
        await page.close()


def gallery(server: Server, files: int) -> None:
    """A dataset that was looked at, from the request to the first tiles with their pictures."""
    with chromium() as browser:
        first_sight(browser, server.url, 1)
        for name, seconds in gallery_sight(browser, server.url, server.home, files, REPEATS).items():
            print(f"{files} files, {name}: {percentiles(seconds)} (goal: under {GALLERY_GOAL:g} s)")


def memory(server: Server, sessions: int) -> None:
    """Visits one after the other, five at a time."""
    for done, megabytes in soak(server, sessions):
        print(f"after {done} visits: {megabytes:.0f} MB")


def machine() -> str:
    """What the figures belong to."""
    names = [line.split(":", 1)[1].strip() for line in _cpuinfo() if line.startswith("model name")]
    processor = names[0] if names else platform.processor() or platform.machine()
    versions = f"Python {platform.python_version()}, gradio {gradio.__version__}"
    return f"{processor}, {os.cpu_count()} cores, {versions}; {load()}"


def load() -> str:
    """How busy the machine is: the average number of processes that want a core."""
    return f"load {os.getloadavg()[0]:.1f} over the last minute"


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


if __name__ == "__main__":
    main()
