"""What training reads: one sample per picture, one or more per clip, and the part that is held out for validation."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from trainer_core.plan import BASES, TrainingPlan
from trainer_core.recipes import RECIPES

from .clips import largest_frames, windows
from .manifest import Item, Manifest

MAX_WINDOWS = 8  # of one clip, spread evenly, so that a long clip does not outweigh the others
FEWEST_TO_HOLD_OUT = 5  # items; with fewer than this every one is needed for training


@dataclass(frozen=True)
class Sample:
    """One training example: `frames` frames from `start` seconds of an item; an image has start 0 and 1 frame.

    `taken_from` is the clip that was first given, where the item is a piece of one; None for everything else.
    """

    item_id: str
    start: float
    frames: int
    taken_from: str | None = None


def samples_of(manifest: Manifest, plan: TrainingPlan) -> tuple[list[Sample], list[str]]:
    """The samples of all usable items under the plan, in the manifest's order, and notes for a person."""
    samples: list[Sample] = []
    notes: list[str] = []
    stills_teach = RECIPES[plan.recipe].images is not None
    origins = {each.id: each.piece_of for each in manifest.items}
    for item in manifest.usable:
        if item.info.kind == "clip":
            found, note = _of_clip(item, plan)
        elif stills_teach:
            found, note = [Sample(item.id, 0.0, 1)], None
        else:
            found, note = [], f"{item.name}: left out, because stills cannot teach {RECIPES[plan.recipe].teaches}"
        given = _as_given(item.id, origins)
        samples += found if given == item.id else [replace(sample, taken_from=given) for sample in found]
        if note:
            notes.append(note)
    return samples, notes


def _as_given(item_id: str, origins: dict[str, str | None]) -> str:
    """The id of the clip that a person gave, of which this is a piece or a piece of one; its own for all others."""
    passed = {item_id}
    while (before := origins.get(item_id)) is not None and before not in passed:
        item_id = before
        passed.add(item_id)
    return item_id


def _of_clip(item: Item, plan: TrainingPlan) -> tuple[list[Sample], str | None]:
    if plan.frames == 1:
        return [Sample(item.id, round(item.info.seconds / 2, 3), 1)], f"{item.name}: only its middle frame is used"
    starts = windows(item.info, frames=plan.frames, fps=plan.fps)
    if not starts:
        frames = largest_frames(item.info, frames=plan.frames, fps=plan.fps, factor=BASES[plan.base].frame_factor)
        note = (
            f"{item.name}: {item.info.seconds:.1f} s is too short for {plan.frames} frames at {plan.fps:g} a second; "
            f"{frames} frame{'s are' if frames > 1 else ' is'} used"
        )
        return [Sample(item.id, 0.0, frames)], note
    if len(starts) <= MAX_WINDOWS:
        return [Sample(item.id, start, plan.frames) for start in starts], None
    chosen = [starts[index * (len(starts) - 1) // (MAX_WINDOWS - 1)] for index in range(MAX_WINDOWS)]
    note = f"{item.name}: {MAX_WINDOWS} of its {len(starts)} possible windows are used"
    return [Sample(item.id, start, plan.frames) for start in chosen], note


def split_held_out(samples: Sequence[Sample], share: float, seed: int) -> tuple[list[Sample], list[Sample]]:
    """(training, held out), split by item so that no window of a held-out clip is trained on.

    The pieces of one clip, and the clip itself, are on one side: they show the same. The same ids, share and seed give
    the same split; an added item moves no other. About `share` of the items as they were given, at least one, is held
    out; none when `share` is 0 or fewer than five were given.
    """
    ids = sorted({sample.taken_from or sample.item_id for sample in samples}, key=lambda given: _rank(given, seed))
    count = 0
    if share > 0 and len(ids) >= FEWEST_TO_HOLD_OUT:
        count = min(len(ids) - 1, max(1, round(share * len(ids))))
    held_out = set(ids[:count])
    return (
        [sample for sample in samples if (sample.taken_from or sample.item_id) not in held_out],
        [sample for sample in samples if (sample.taken_from or sample.item_id) in held_out],
    )


def _rank(item_id: str, seed: int) -> str:
    return hashlib.sha256(f"{seed}:{item_id}".encode()).hexdigest()
