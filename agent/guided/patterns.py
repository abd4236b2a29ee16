"""Regular expressions that are compiled once. There are more of them than the cache of `re` keeps (512), and compiling
the same ones anew took up to 40 ms of a sentence."""

import re
from collections.abc import Callable
from functools import lru_cache

Pattern = str | re.Pattern[str]


@lru_cache(maxsize=8192)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def search(pattern: Pattern, text: str) -> re.Match[str] | None:
    """As `re.search`."""
    return (_compiled(pattern) if isinstance(pattern, str) else pattern).search(text)


def match(pattern: Pattern, text: str) -> re.Match[str] | None:
    """As `re.match`."""
    return (_compiled(pattern) if isinstance(pattern, str) else pattern).match(text)


def fullmatch(pattern: Pattern, text: str) -> re.Match[str] | None:
    """As `re.fullmatch`."""
    return (_compiled(pattern) if isinstance(pattern, str) else pattern).fullmatch(text)


def sub(pattern: Pattern, new: str | Callable[[re.Match[str]], str], text: str, count: int = 0) -> str:
    """As `re.sub`."""
    return (_compiled(pattern) if isinstance(pattern, str) else pattern).sub(new, text, count)


def split(pattern: Pattern, text: str) -> list[str]:
    """As `re.split`."""
    return (_compiled(pattern) if isinstance(pattern, str) else pattern).split(text)
