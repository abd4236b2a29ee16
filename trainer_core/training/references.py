"""Which clean picture or clip is shown beside which sample (in-context training), and its pixels."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainer_core.dataset.buckets import Sample, split_held_out
from trainer_core.dataset.manifest import Item, Manifest, path_of
from trainer_core.dataset.media import fit, read_frames, read_image
from trainer_core.dataset.records import Reference
from trainer_core.plan import BASES, ReferenceKind, TrainingPlan

CANDIDATES = 16  # other pictures of the subject for one sample, of which each step shows one


@dataclass(frozen=True)
class Shown:
    """`frames` frames of a reference from `start` seconds at `fps`, fitted to width x height pixels."""

    media: Item | Reference
    start: float
    frames: int
    fps: float
    width: int
    height: int

    @property
    def settings(self) -> list[object]:
        """What, with the file's content, decides the pixels; equal to a sample's where it is read in the same way."""
        return [self.start, self.frames, self.fps, self.width, self.height]


def shown_beside(manifest: Manifest, samples: Sequence[Sample], plan: TrainingPlan) -> dict[Sample, tuple[Shown, ...]]:
    """The references of each sample; samples that have none are trained as plain examples and are not in the result.

    `pair`: the item's own. `same_subject`: other stills, of the training samples alone, so that nothing held out is
    ever shown in training; a file and what was cut from the same clip are no references of each other.
    """
    if plan.reference is ReferenceKind.PAIR:
        own = {item.id: item.reference for item in manifest.items if item.reference}
        return {sample: (_of_pair(own[sample.item_id], sample, plan),) for sample in samples if sample.item_id in own}
    if plan.reference is ReferenceKind.SAME_SUBJECT:
        training, _held_out = split_held_out(samples, plan.held_out_share, plan.seed)
        stills = {s.item_id: _origin(s) for s in training if manifest.item(s.item_id).info.kind == "image"}
        found = {sample: _of_subject(manifest, stills, sample, plan) for sample in samples}
        return {sample: shown for sample, shown in found.items() if shown}
    return {}


def read_shown(dataset: Path, shown: Shown) -> NDArray[np.uint8]:
    """The reference's frames, uint8 RGB (frames, height, width, 3). Raises UnusableMedia."""
    path = path_of(dataset, shown.media)
    if shown.media.info.kind == "image":
        return fit(read_image(path)[None], shown.width, shown.height)
    return read_frames(
        path, fps=shown.fps, frames=shown.frames, start=shown.start, width=shown.width, height=shown.height
    )


def _of_pair(reference: Reference, sample: Sample, plan: TrainingPlan) -> Shown:
    """The same moments as the sample's; of a shorter clip as many as there are, of one that is over its last frame."""
    info, fps = reference.info, sample.fps or plan.fps
    start, frames = sample.start, sample.frames
    if info.kind == "image":
        start, frames = 0.0, 1
    while frames > 1 and start + (frames - 1) / fps >= info.seconds - 1e-3:
        frames -= BASES[plan.base].frame_factor
    if info.kind == "clip" and start >= info.seconds - 1e-3:
        start = max(0.0, round(info.seconds - 1 / (info.fps or fps), 6))
    return Shown(reference, start, max(1, frames), fps, *_size(sample, plan))


def _of_subject(manifest: Manifest, stills: dict[str, str], sample: Sample, plan: TrainingPlan) -> tuple[Shown, ...]:
    """Other stills; where there are many, some by chance, always the same ones."""
    others = [still for still, origin in stills.items() if origin != _origin(sample)]
    chosen = sorted(others, key=lambda still: _rank(sample.item_id, still))[:CANDIDATES]
    return tuple(Shown(manifest.item(still), 0.0, 1, plan.fps, *_size(sample, plan)) for still in sorted(chosen))


def _origin(sample: Sample) -> str:
    return sample.taken_from or sample.item_id


def _size(sample: Sample, plan: TrainingPlan) -> tuple[int, int]:
    by = plan.reference_downscale
    return sample.width // by, sample.height // by


def _rank(target: str, still: str) -> str:
    return hashlib.sha256(f"{target}:{still}".encode()).hexdigest()
