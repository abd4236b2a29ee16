"""Files that people drop into Slack: fetched with the bot's token, from Slack alone, within limits."""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

import aiohttp

from tools.text import quoted
from tools.uploads import uploads_of
from trainer_core.projects import Workspace

FOLDER = "slack"  # in the workspace folder: files that wait until they are copied into a project

BLOCK = 256 * 1024  # bytes
SECONDS = 600.0  # for one file
_NOT_IN_A_NAME = re.compile(r"[^\w .()-]+")
_GONE = {
    "tombstone": "it was deleted",
    "hidden_by_limit": "it is older than what this Slack plan shows",
    "external": "it lies outside of Slack; drop the file itself into the thread",
}


@dataclass(frozen=True)
class Limits:
    """How much one message may bring. Sizes in bytes."""

    files: int = 60
    each: int = 1 << 30
    together: int = 4 << 30


@dataclass(frozen=True)
class Fetched:
    """The files that are here now, and for each that is not the words that say why."""

    paths: list[Path]
    refused: list[str]


class FileRefused(Exception):
    """A file that is not taken; the message says why."""


async def fetch(
    files: Sequence[Mapping[str, Any]],
    folder: Path,
    token: str,
    base_url: str,
    *,
    proxy: str | None = None,
    limits: Limits | None = None,
) -> Fetched:
    """Fetch a message's files into `folder`, which is made. `files` are Slack's file objects, `base_url` its Web API.

    The token goes to the host of `base_url` and hosts below it, by the same scheme and port, and nowhere else:
    redirects are not followed. Files keep their names as far as these are harmless.
    """
    limits = limits or Limits()
    paths: list[Path] = []
    refused = [f"{_shown(file)}: at most {limits.files} files are taken at once" for file in files[limits.files :]]
    folder.mkdir(parents=True, exist_ok=True)
    left = limits.together
    # No cookies and no settings from the environment: the token is all that a request carries.
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), proxy=proxy) as session:
        for number, file in enumerate(files[: limits.files]):
            path = folder / safe_name(str(file.get("name") or ""), number, {each.name.lower() for each in paths})
            try:
                left -= await _fetch_one(session, file, path, token, base_url, min(limits.each, left))
                paths.append(path)
            except FileRefused as words:
                refused.append(f"{_shown(file)}: {words}")
                path.unlink(missing_ok=True)
    if not paths:
        folder.rmdir()
    return Fetched(paths, refused)


def safe_name(name: str, number: int, taken: set[str]) -> str:
    """A file's name without folders and anything that a shell, a page or Slack could read as more than a name."""
    bare = _NOT_IN_A_NAME.sub("_", name.replace("\\", "/").rsplit("/", 1)[-1]).strip(" .")
    stem, dot, ending = bare.rpartition(".")
    stem, ending = (stem, ending[:12]) if dot and stem else (bare, "")
    stem = stem[:80].strip(" .") or f"file-{number + 1}"
    ending = f".{ending}" if ending else ""
    fresh, count = f"{stem}{ending}", 2
    while fresh.lower() in taken:
        fresh, count = f"{stem}-{count}{ending}", count + 1
    return fresh


def tidy(workspace: Workspace, project_id: str) -> None:
    """Delete what was fetched and is copied into the project by now."""
    home = workspace.home / FOLDER
    for entry in uploads_of(workspace, project_id):
        if entry.added and entry.file.is_relative_to(home) and entry.file.is_file():
            entry.file.unlink()
            with suppress(OSError):  # others of the same message are still waiting
                entry.file.parent.rmdir()


def is_slacks(address: str, base_url: str) -> bool:
    """Does this address lead to the host of Slack's Web API, or to one below it?"""
    try:
        wanted, known = urlsplit(address), urlsplit(base_url)
        ports = _port(wanted), _port(known)
    except ValueError:
        return False
    host, home = (wanted.hostname or "").lower(), (known.hostname or "").lower()
    same = bool(host) and (host == home or host.endswith(f".{home}"))
    return same and wanted.scheme == known.scheme and ports[0] == ports[1] and not (wanted.username or wanted.password)


async def _fetch_one(
    session: aiohttp.ClientSession, file: Mapping[str, Any], path: Path, token: str, base_url: str, most: int
) -> int:
    """Write the file to `path`; its size in bytes. Raises FileRefused."""
    if file.get("mode") in _GONE:
        raise FileRefused(_GONE[str(file["mode"])])
    address = str(file.get("url_private_download") or file.get("url_private") or "")
    if not address:
        raise FileRefused("Slack does not say where it is; drop it into the thread again")
    if not is_slacks(address, base_url):
        raise FileRefused("it does not lie on Slack's own servers, so I did not fetch it")
    if isinstance(file.get("size"), int) and file["size"] > most:
        raise FileRefused(_too_large(most))
    try:
        async with session.get(
            address,
            headers={"Authorization": f"Bearer {token}"},
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=SECONDS, sock_read=60),
        ) as answer:
            _check(answer, file)
            return await _write(answer, path, most)
    except (aiohttp.ClientError, TimeoutError):  # the error's own text may hold the address
        raise FileRefused("the connection to Slack broke off; drop it into the thread again") from None


async def _write(answer: aiohttp.ClientResponse, path: Path, most: int) -> int:
    size = 0
    with path.open("xb") as out:
        async for block in answer.content.iter_chunked(BLOCK):
            size += len(block)
            if size > most:
                raise FileRefused(_too_large(most))
            out.write(block)
    if not size:
        raise FileRefused("it is empty")
    return size


def _check(answer: aiohttp.ClientResponse, file: Mapping[str, Any]) -> None:
    if 300 <= answer.status < 400 or answer.status in (401, 403):
        raise FileRefused("Slack did not let me read it; the app may lack the permission files:read")
    if answer.status != 200:
        raise FileRefused(f"Slack answered with error {answer.status}; drop it into the thread again")
    if answer.content_type == "text/html" and str(file.get("mimetype")) != "text/html":
        raise FileRefused("Slack sent a page in its place; the app may lack the permission files:read")


def _port(address: SplitResult) -> int | None:
    return address.port or {"https": 443, "http": 80}.get(address.scheme)


def _too_large(most: int) -> str:
    return f"it is larger than I take here ({max(0, most) / 1e6:,.0f} MB)"


def _shown(file: Mapping[str, Any]) -> str:
    return quoted(str(file.get("name") or "a file"), 60)
