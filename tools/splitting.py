"""Long clips and clips with several shots: where to split them, and doing it on copies that can be taken back."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import ceil
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from trainer_core.dataset.manifest import Item, Manifest, load
from trainer_core.dataset.pieces import add_pieces, take_pieces_back

from .measurements import Measurement
from .measuring import stored_measurements
from .vision.shots import Shots

SHORTEST, SHORTEST_IDEAL, LONGEST = 3.0, 5.0, 8.0  # seconds; Grix LoRA trainer guide and custom-LoRA guide (2026)
LEAST = 1.0  # seconds; a shorter shot gives no training window on any base and is left out
MARGIN = 0.04  # seconds kept off each side of a dissolve or fade
MOST_PIECES = 30  # of one clip; most recipes ask for 10 to 30 clips, which should not all be of one recording


class Piece(BaseModel):
    """A part of a clip from `start` up to `end`, in seconds, and why it begins and ends there."""

    model_config = ConfigDict(frozen=True)

    start: float
    end: float
    why: str

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.end - self.start


class _Shot(NamedTuple):
    start: float
    end: float
    why: str


def propose_pieces(shots: Shots, seconds: float) -> tuple[Piece, ...]:
    """The pieces into which a clip of `seconds` is best split; empty when it is fine as it is.

    Split at every cut, dissolve and fade (what lies within these is left out), then each shot longer than 8 s into
    equal pieces of 5 to 8 s. Black, white and frozen ends are left out. Pieces are shorter than 3 s only where the
    shot itself is; shots shorter than 1 s are left out.
    """
    found = _shots_of(shots, seconds)
    pieces = [piece for shot in found for piece in _evenly(shot) if piece.seconds >= LEAST]
    whole = len(pieces) == 1 and pieces[0].seconds >= seconds - 2 * MARGIN - 0.1
    return () if whole else tuple(pieces)


def spread(pieces: Sequence[Piece], most: int) -> tuple[Piece, ...]:
    """At most `most` of the pieces, in order, the long enough ones first and spread evenly over the clip."""
    if len(pieces) <= most:
        return tuple(pieces)
    good = [piece for piece in pieces if piece.seconds >= SHORTEST]
    chosen = good if len(good) >= most else list(pieces)
    if most == 1:
        return (chosen[len(chosen) // 2],)
    return tuple(chosen[index * (len(chosen) - 1) // (most - 1)] for index in range(most))


def propose(folder: Path) -> dict[str, tuple[Piece, ...]]:
    """Proposals by item id for the clips of a dataset that were measured and are in use; reads no media."""
    manifest = load(folder)
    return proposals(manifest.usable, stored_measurements(folder, manifest))


def proposals(items: Sequence[Item], measured: dict[str, Measurement]) -> dict[str, tuple[Piece, ...]]:
    """Proposals by item id; only clips that are better split are named."""
    found: dict[str, tuple[Piece, ...]] = {}
    for item in items:
        figures = measured.get(item.id)
        if figures is not None and figures.shots is not None:
            pieces = propose_pieces(figures.shots, item.info.seconds)
            if pieces:
                found[item.id] = pieces
    return found


def split(
    folder: Path, item_id: str, pieces: Sequence[Piece], *, progress: Callable[[int, int], None] | None = None
) -> Manifest:
    """Make the pieces as new items and set the original aside; nothing is deleted, see unsplit.

    All or nothing: the table is written once, when every piece is there. Raises LookupError for an unknown id,
    ValueError in words for pieces that do not lie in the clip, and UnusableMedia when the clip cannot be read.
    """
    return add_pieces(folder, item_id, [(piece.start, piece.end) for piece in pieces], progress=progress)


def unsplit(folder: Path, item_id: str) -> Manifest:
    """Take the original back and set its pieces aside. Raises LookupError for an unknown id."""
    return take_pieces_back(folder, item_id)


def _shots_of(shots: Shots, seconds: float) -> list[_Shot]:
    """The parts between transitions, black and white parts and frozen ends."""
    gaps: list[tuple[float, float, str]] = [(each.start, each.end, each.kind) for each in shots.transitions]
    gaps += [(start, end, "black") for start, end in shots.black]
    gaps += [(start, end, "white") for start, end in shots.white]
    gaps += [
        (start, end, "frozen")
        for start, end in shots.frozen
        if (start < LEAST or end > seconds - LEAST) and end - start < seconds - LEAST
    ]
    edges = [(0.0, 0.0, "start"), *sorted(gaps), (seconds, seconds, "end")]
    found, reached, reason = [], 0.0, "start"
    for (_, end, kind), (start, _, following) in pairwise(edges):
        if end >= reached:
            reached, reason = end, kind
        margin = 0.0 if kind in ("start", "cut") else MARGIN
        until = start - (0.0 if following in ("end", "cut") else MARGIN)
        if until - reached - margin >= LEAST:
            found.append(_Shot(round(reached + margin, 3), round(until, 3), _words(reason, following)))
    return found


def _words(before: str, after: str) -> str:
    names = {"cut": "a cut", "dissolve": "a dissolve", "fade": "a fade", "frozen": "a frozen part"}
    first = "from the start" if before == "start" else f"after {names.get(before, 'a ' + before + ' part')}"
    last = "to the end" if after == "end" else f"up to {names.get(after, 'a ' + after + ' part')}"
    return f"{first} {last}"


def _evenly(shot: _Shot) -> list[Piece]:
    length = shot.end - shot.start
    if length <= LONGEST + 1e-6:
        return [Piece(start=shot.start, end=shot.end, why=shot.why)]
    count = ceil(length / LONGEST - 1e-6)
    part = length / count
    return [
        Piece(
            start=round(shot.start + index * part, 3),
            end=round(shot.start + (index + 1) * part, 3),
            why=f"{shot.why}; part {index + 1} of {count}, because {length:.1f} s are more than {LONGEST:g} s",
        )
        for index in range(count)
    ]
