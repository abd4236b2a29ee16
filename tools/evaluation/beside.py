"""Test clips with a file shown beside the prompt, as an in-context LoRA was trained to be asked."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer_core.dataset.manifest import Item, Manifest, path_of
from trainer_core.dataset.media import UnusableMedia, read_frames, read_image
from trainer_core.dataset.records import Reference
from trainer_core.generation.generate import GenerateRequest
from trainer_core.generation.in_context import generate_in_context
from trainer_core.plan import BASES, ReferenceKind, TrainingPlan

from ..text import quoted
from .prompts import PromptCase

Frames = NDArray[np.uint8]
Together = Callable[[Any, Sequence[GenerateRequest]], Sequence[Frames]]


@dataclass(frozen=True)
class Beside:
    """What is shown beside prompts: frames (n, h, w, 3) by the file's id, and how much smaller it is shown.

    `notes` say which files could not be read; the cases that needed them are left out.
    """

    cases: tuple[PromptCase, ...]
    pictures: Mapping[str, Frames] = field(default_factory=dict)
    times_smaller: int = 1
    notes: tuple[str, ...] = ()


def read_beside(cases: Sequence[PromptCase], folder: Path, manifest: Manifest, plan: TrainingPlan) -> Beside:
    """Read what the cases show. A file that is gone costs its cases, not the scoring."""
    pictures: dict[str, Frames] = {}
    notes = []
    for item_id in dict.fromkeys(case.reference for case in cases if case.reference is not None):
        try:
            pictures[item_id] = _frames_of(folder, manifest.item(item_id), plan)
        except (UnusableMedia, LookupError, OSError, ValueError) as error:
            notes.append(f"A prompt with a picture beside it was left out: {quoted(str(error), 200)}")
    kept = tuple(case for case in cases if case.reference is None or case.reference in pictures)
    return Beside(kept, pictures, plan.reference_downscale, tuple(notes))


def clips_of(
    pipeline: Any, cases: Sequence[PromptCase], requests: Sequence[GenerateRequest], together: Together, beside: Beside
) -> list[Frames]:
    """A clip for each case, in order: those of words alone by `together`, the others one by one."""
    of_words = [request for case, request in zip(cases, requests, strict=True) if case.reference is None]
    made = iter(together(pipeline, of_words) if of_words else ())
    return [
        next(made)
        if case.reference is None
        else generate_in_context(pipeline, request, beside.pictures[case.reference], times_smaller=beside.times_smaller)
        for case, request in zip(cases, requests, strict=True)
    ]


def _frames_of(folder: Path, item: Item, plan: TrainingPlan) -> Frames:
    """The partner's frames for pairs, else the file's own; of a clip as many as a test clip has."""
    media: Item | Reference = item
    if plan.reference is ReferenceKind.PAIR:
        if item.reference is None:
            raise LookupError(f"{item.name} has no partner any more.")
        media = item.reference
    path = path_of(folder, media)
    if media.info.kind == "image":
        return read_image(path)[None]
    frames = plan.frames if plan.frames > 1 else BASES[plan.base].frames
    there = max(1, int(media.info.seconds * plan.fps))
    return read_frames(path, fps=plan.fps, frames=min(frames, there))
