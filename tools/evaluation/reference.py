"""The training set as the embedder sees it: what generated clips are compared with."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainer_core.dataset import manifest as dataset
from trainer_core.dataset.fitting import fit, size_within
from trainer_core.dataset.media import MediaInfo, UnusableMedia, read_frames, read_image
from trainer_core.plan import BaseModelName

from ..captioning.words import has_word
from .drawn_files import drawn_share, drawn_views
from .embedder import Vectors, embed, mean_vector
from .measures import burned_share, nearest_among, thumbnails
from .scorecard import TrainingSet

LARGEST = 64  # files that are looked at; more add time and no knowledge
CLIP_FRAMES = 5  # of each clip, spread over it
SIDE = 256  # pixels at which pictures are kept for measuring and showing


@dataclass(frozen=True)
class Source:
    """A training file that pictures were read from."""

    path: Path
    info: MediaInfo


@dataclass(frozen=True)
class Reference:
    """Prototype (64,), thumbnails of each file, its pictures (n, 256, 256, 3), and the figures for the scorecard.

    `unread` are the names of files that could not be read any more. `files` are those that the pictures are of, in the
    same order; empty where they were not read from files.
    """

    prototype: Vectors
    thumbnails: list[Vectors]
    pictures: list[NDArray[np.uint8]]
    figures: TrainingSet
    unread: tuple[str, ...] = ()
    files: tuple[Source, ...] = ()


def read_reference(folder: Path, trigger: str, base: BaseModelName | None = None) -> Reference:
    """Read the dataset's usable files. Raises ValueError in words when none can be read.

    Views are counted only for the base mini, and where the files look drawn as its characters are.
    """
    manifest = dataset.load(folder)
    items = manifest.usable
    if len(items) > LARGEST:
        items = tuple(items[index * len(items) // LARGEST] for index in range(LARGEST))
    if not items:
        raise ValueError(
            "There is no usable file in this project, so there is nothing to compare the clips with. Add files, or "
            "take back some that were set aside."
        )
    pictures, files, unread = [], [], []
    for item in items:
        source = Source(dataset.path_of(folder, item), item.info)
        try:
            pictures.append(fit(_read(source), SIDE, SIDE))
        except (UnusableMedia, OSError):
            unread.append(item.name)  # the others are enough to compare with
        else:
            files.append(source)
    if not pictures:
        raise ValueError(
            "None of the training files can be read any more, so there is nothing to compare the clips with. Add them "
            "again."
        )
    captions = [item.caption for item in manifest.usable if item.caption]
    called = sum(has_word(caption, trigger) for caption in captions)
    found = reference_of(pictures, captions=len(captions), with_trigger=called)
    figures = found.figures
    if base is BaseModelName.MINI:
        drawn = drawn_share(pictures)
        figures = figures.model_copy(update={"drawn": drawn, "views": drawn_views(pictures, drawn)})
    return replace(found, unread=tuple(unread), files=tuple(files), figures=figures)


def reference_of(pictures: Sequence[NDArray[np.uint8]], *, captions: int = 0, with_trigger: int = 0) -> Reference:
    """The reference from each file's pictures (n, h, w, 3)."""
    vectors = [embed(each) for each in pictures]
    means = np.stack([each.mean(axis=0) for each in vectors])  # every file counts the same, however many frames it has
    thumbs = [thumbnails(list(each)) for each in pictures]
    agreement = own_nearest = None
    if len(pictures) > 1:
        total = means.sum(axis=0)
        agreement = float(
            np.median(
                [
                    float((own @ mean_vector((total - mean)[None])).mean())
                    for own, mean in zip(vectors, means, strict=True)
                ]
            )
        )
        own_nearest = float(np.quantile(nearest_among(thumbs), 0.95))
    figures = TrainingSet(
        pictures=sum(len(each) for each in pictures),
        agreement=agreement,
        own_nearest=own_nearest,
        burned=float(np.mean([burned_share(each) for each in pictures])),
        captions=captions,
        captions_with_trigger=with_trigger,
    )
    return Reference(mean_vector(means), thumbs, list(pictures), figures)


def spread(pictures: int, most: int) -> list[int]:
    """The numbers of at most so many of all pictures, evenly spread over them."""
    return [index * pictures // most for index in range(most)] if pictures > most else list(range(pictures))


def read_whole(reference: Reference, longest_side: int, most: int) -> Iterator[NDArray[np.uint8]]:
    """At most `most` of the reference's pictures, read again from their files: whole (h, w, 3), upright, shrunk to
    `longest_side` pixels and never enlarged.

    One file's are in memory at a time. A file that cannot be read any more is left out.
    """
    wanted = set(spread(sum(len(each) for each in reference.pictures), most))
    first = 0
    for source, kept in zip(reference.files, reference.pictures, strict=True):
        chosen = [at for at in range(len(kept)) if first + at in wanted]
        first += len(kept)
        if not chosen:
            continue
        try:
            pictures = _read(source, longest_side)
        except (UnusableMedia, OSError):
            continue
        yield from (pictures[at] for at in chosen if at < len(pictures))


def _read(source: Source, longest_side: int | None = None) -> NDArray[np.uint8]:
    """A picture, or five frames spread over a clip, (n, h, w, 3). Raises UnusableMedia."""
    info = source.info
    if info.kind == "image":
        return read_image(source.path, longest_side=longest_side)[None]
    fps = CLIP_FRAMES / max(info.seconds, 0.1)
    width, height = (None, None) if longest_side is None else size_within(info.width, info.height, longest_side)
    count = CLIP_FRAMES if fps <= 30 else 1
    return read_frames(source.path, fps=min(fps, 30.0), frames=count, width=width, height=height)
