"""The training set as the embedder sees it: what generated clips are compared with."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainer_core.dataset import manifest as dataset
from trainer_core.dataset.fitting import fit
from trainer_core.dataset.media import UnusableMedia, read_frames, read_image
from trainer_core.plan import BaseModelName

from ..captioning.words import has_word
from .drawn_views import view_counts
from .embedder import Vectors, embed, mean_vector
from .measures import burned_share, nearest_among, thumbnails
from .scorecard import TrainingSet

LARGEST = 64  # files that are looked at; more add time and no knowledge
CLIP_FRAMES = 5  # of each clip, spread over it
SIDE = 256  # pixels at which pictures are kept for measuring and showing


@dataclass(frozen=True)
class Reference:
    """Prototype (64,), thumbnails of each file, its pictures (n, 256, 256, 3), and the figures for the scorecard.

    `unread` are the names of files that could not be read any more.
    """

    prototype: Vectors
    thumbnails: list[Vectors]
    pictures: list[NDArray[np.uint8]]
    figures: TrainingSet
    unread: tuple[str, ...] = ()


def read_reference(folder: Path, trigger: str, base: BaseModelName | None = None) -> Reference:
    """Read the dataset's usable files. Raises ValueError in words when none can be read.

    Views are counted only for the base mini, whose characters are drawn as drawn_views.VALIDITY wants them.
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
    pictures, unread = [], []
    for item in items:
        try:
            pictures.append(_pictures_of(dataset.path_of(folder, item), item))
        except (UnusableMedia, OSError):
            unread.append(item.name)  # the others are enough to compare with
    if not pictures:
        raise ValueError(
            "None of the training files can be read any more, so there is nothing to compare the clips with. Add them "
            "again."
        )
    captions = [item.caption for item in manifest.usable if item.caption]
    called = sum(has_word(caption, trigger) for caption in captions)
    found = reference_of(pictures, captions=len(captions), with_trigger=called)
    views = view_counts(pictures) if base is BaseModelName.MINI else None
    return replace(found, unread=tuple(unread), figures=found.figures.model_copy(update={"views": views}))


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


def _pictures_of(path: Path, item: dataset.Item) -> NDArray[np.uint8]:
    if item.info.kind == "image":
        return fit(read_image(path), SIDE, SIDE)[None]
    fps = CLIP_FRAMES / max(item.info.seconds, 0.1)
    frames = read_frames(path, fps=min(fps, 30.0), frames=CLIP_FRAMES if fps <= 30 else 1)
    return fit(frames, SIDE, SIDE)
