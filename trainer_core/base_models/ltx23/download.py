"""Downloads LTX-2.3 into the Hub's own cache: resumable, checked byte by byte, and told what it is before the bulk.

The Hub's library (huggingface_hub 2.4) throws away what a killed download had fetched, which for a hundred GB is too
much to lose. So the list, the connection and its retries are the library's, and the place in its cache follows its
documented layout, but the partial file is kept and the next attempt asks for the rest of it.
"""

import hashlib
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainer_core.jobs.context import JobContext, JobFailed

from . import licence
from .counting import Counted, Meter, Progress
from .headers import UnreadableWeights
from .hub import DownloadProblem, Listing, RemoteFile, hub_errors, in_words, list_files
from .identity import WrongBase, check_configs, check_name
from .layout import SCHEDULER, Layout, ltx23
from .names import Component
from .source import chosen_repository, find, gemma_folder, hub_cache, read_config

TASK = "trainer_core.base_models.ltx23.download:download"
MARGIN_BYTES = 5_000_000_000  # left free on the disk for checkpoints, encodings and the system
PARTIAL = ".incomplete"
WAITS = (5.0, 20.0, 60.0, 180.0)  # seconds, when the line is gone longer than the Hub's library waits; then it is told
_CHUNK = 8 * 1024 * 1024
_EVENT_SECONDS = 2.0


@dataclass(frozen=True)
class Need:
    """What a download would take: bytes in all, bytes still to come, bytes free on the cache's disk."""

    bytes: int
    left: int
    free: int

    @property
    def problem(self) -> str | None:
        """Why it would not fit, in words."""
        if self.left + MARGIN_BYTES <= self.free:
            return None
        return (
            f"The download needs {self.left / 1e9:.1f} GB more and {MARGIN_BYTES / 1e9:.0f} GB must stay free, but the "
            f"disk has {self.free / 1e9:.1f} GB free. Free some space, or set HF_HUB_CACHE to a folder on another disk."
        )


def need(listing: Listing, cache: Path) -> Need:
    """What fetching the listing into the cache would take, partial files of earlier attempts counted as there."""
    blobs = _folder(listing, cache) / "blobs"
    have = sum(min(file.bytes, _size(blobs / file.blob) or _size(_partial(blobs, file))) for file in listing.files)
    nearest = next(folder for folder in (cache, *cache.parents) if folder.is_dir())
    return Need(listing.bytes, listing.bytes - have, shutil.disk_usage(nearest).free)


def fetch(
    listing: Listing, cache: Path, progress: Progress, *, endpoint: str | None = None, layout: Layout | None = None
) -> Path:
    """Everything in the listing, in the cache and checked. Returns the snapshot's folder.

    First the small files, which tell what the model is: one that cannot be trained on is refused before its weights
    are fetched. Raises DownloadProblem, WrongBase, or whatever `progress` raises; what has arrived is kept.
    """
    from huggingface_hub.utils import WeakFileLock

    check_name(listing.repository)
    if reason := need(listing, cache).problem:
        raise DownloadProblem(reason)
    folder = _folder(listing, cache)
    snapshot = folder / "snapshots" / listing.commit
    small = [file for file in listing.files if not file.is_weights]
    large = [file for file in listing.files if file.is_weights]
    try:
        for place in (folder / "blobs", folder / "refs", snapshot):
            place.mkdir(parents=True, exist_ok=True)
        with WeakFileLock(folder / "sidekick.lock", timeout=5):
            meter = Meter(progress, listing.bytes)
            for file in small:
                _fetch_one(listing, file, folder, snapshot, meter, endpoint)
            configs = {name: read_config(snapshot, name) for name in (*Component, SCHEDULER)}
            check_configs(configs, layout or ltx23())
            for file in large:
                _fetch_one(listing, file, folder, snapshot, meter, endpoint)
            _check(small + large, folder / "blobs", progress)
            (folder / "refs" / "main").write_text(listing.commit)
    except (WrongBase, UnreadableWeights):
        raise
    except TimeoutError as error:
        raise DownloadProblem("Another download of the same model is at work. Wait for it.") from error
    except hub_errors() as error:
        raise DownloadProblem(in_words(error, listing.repository)) from error
    return snapshot


def download(context: JobContext) -> dict[str, Any]:
    """The task of a download job; its argument is {"repository": ...}. The licence must have been accepted."""
    if reason := licence.not_accepted(context.workspace):
        raise JobFailed(f"{reason} Nothing was downloaded.")
    repository = str(context.job.arguments["repository"])
    began, told = time.monotonic(), float("-inf")

    def progress(phase: str, done: int, total: int) -> None:
        nonlocal told
        context.stop_if_cancelled()
        if done == total or time.monotonic() - told >= _EVENT_SECONDS:
            told = time.monotonic()
            context.emit("progress", phase=phase, step=done, steps=total)

    try:
        listing = list_files(repository, with_text=not gemma_folder())
        fetch(listing, hub_cache(), progress)
    except (DownloadProblem, WrongBase, UnreadableWeights) as problem:
        raise JobFailed(str(problem)) from problem
    if chosen_repository() == repository and isinstance(found := find(), str):
        raise JobFailed(f"Everything arrived as the Hub has it, but it cannot be used: {found}")
    context.emit("message", text=f"LTX-2.3 is here: {listing.bytes / 1e9:.1f} GB, each file checked by its hash.")
    return {
        "repository": repository,
        "commit": listing.commit,
        "bytes": listing.bytes,
        "seconds": time.monotonic() - began,
    }


def _fetch_one(
    listing: Listing, file: RemoteFile, folder: Path, snapshot: Path, meter: Meter, endpoint: str | None
) -> None:
    blob = folder / "blobs" / file.blob
    if _size(blob) != file.bytes:
        _fetch_blob(listing, file, _partial(folder / "blobs", file), meter, endpoint)
        _partial(folder / "blobs", file).replace(blob)
    else:
        meter.add(file.bytes)
    pointer = snapshot / file.path
    pointer.parent.mkdir(parents=True, exist_ok=True)
    if not pointer.exists():
        pointer.unlink(missing_ok=True)  # a link that leads nowhere
        try:
            pointer.symlink_to(os.path.relpath(blob, pointer.parent))
        except OSError:  # Windows without the right to make links
            os.link(blob, pointer)


def _fetch_blob(listing: Listing, file: RemoteFile, partial: Path, meter: Meter, endpoint: str | None) -> None:
    """Fetch a file into `partial`, on from what is there. A line that is gone for minutes is waited for."""
    import httpx2

    if _size(partial) > file.bytes:
        partial.unlink()
    meter.add(_size(partial))
    waits, reached = list(WAITS), _size(partial)
    while True:
        try:
            _go_on(listing, file, partial, meter, endpoint)
            break
        except httpx2.UnsupportedProtocol:  # an answer that leads to no address of the web: waiting changes nothing
            raise
        except httpx2.TransportError:
            if _size(partial) > reached:
                waits, reached = list(WAITS), _size(partial)
            if not waits:
                raise
            until = time.monotonic() + waits.pop(0)
            while time.monotonic() < until:
                time.sleep(min(1.0, max(0.0, until - time.monotonic())))
                meter.add(0)  # whoever wants to stop can


def _go_on(listing: Listing, file: RemoteFile, partial: Path, meter: Meter, endpoint: str | None) -> None:
    from huggingface_hub import hf_hub_url
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils import build_hf_headers, disable_progress_bars

    disable_progress_bars("huggingface_hub.http_get")
    url = hf_hub_url(listing.repository, file.path, revision=listing.commit, endpoint=endpoint)
    with partial.open("ab") as target:
        counted: Any = Counted(target, meter, file.bytes)
        http_get(url, counted, resume_size=_size(partial), headers=build_hf_headers(), expected_size=file.bytes)


def _check(files: list[RemoteFile], blobs: Path, progress: Progress) -> None:
    """Compare every file with the hash that the Hub gave for it. A damaged one is removed, so that it comes again."""
    total, done = sum(file.bytes for file in files), 0
    for file in files:
        digest = hashlib.sha256() if file.hashed == "sha256" else hashlib.sha1(f"blob {file.bytes}\0".encode())
        with (blobs / file.blob).open("rb") as content:
            while block := content.read(_CHUNK):
                digest.update(block)
                done += len(block)
                progress("checking", done, total)
        if digest.hexdigest() != file.blob:
            (blobs / file.blob).unlink()
            raise DownloadProblem(
                f"{file.path} did not arrive as the Hub has it. The damaged copy was removed, the rest is kept; ask me "
                "to download again."
            )


def _folder(listing: Listing, cache: Path) -> Path:
    return cache / f"models--{listing.repository.replace('/', '--')}"


def _partial(blobs: Path, file: RemoteFile) -> Path:
    return blobs / f"{file.blob}{PARTIAL}"


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
