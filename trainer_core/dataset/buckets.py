"""What training reads: samples of each picture and clip in buckets, and the part that is held out for validation.

A bucket is what the samples of one batch share: width, height, number of frames and frame rate.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from trainer_core.plan import BASES, TrainingPlan
from trainer_core.recipes import RECIPES

from .clips import Window, windows_of
from .manifest import Item, Manifest
from .references import listed, reference_notes
from .sizes import Size, further_sizes, nearest_to, sizes_of

FEWEST_TO_HOLD_OUT = 5  # items; with fewer than this every one is needed for training
NAMED_ALIKE = 12  # files of which the same is said


@dataclass(frozen=True)
class Sample:
    """One training example: `frames` frames from `start` seconds of an item; an image has start 0 and 1 frame.

    It is cut and resized to width x height. fps: the clip's own frame rate, whose frames are read one by one; None
    where a clip is brought to the plan's rate, and for one frame. `taken_from` is the clip that was first given, where
    the item is a piece of one; None for everything else.
    """

    item_id: str
    start: float
    frames: int
    width: int
    height: int
    fps: float | None = None
    taken_from: str | None = None

    @property
    def bucket(self) -> tuple[int, int, int, float]:
        """Width, height, frames and own frame rate (0 for the plan's)."""
        return self.width, self.height, self.frames, self.fps or 0.0


def samples_of(manifest: Manifest, plan: TrainingPlan) -> tuple[list[Sample], list[str]]:
    """The samples of all usable items under the plan, in the manifest's order, and notes for a person.

    An item that gives no sample has a note with the reason; files of which the same is to be said share one.
    """
    samples: list[Sample] = []
    alike: dict[str, list[str]] = {}  # what is said of files, with their names
    sizes = _Sizes(plan)
    origins = {each.id: each.piece_of for each in manifest.items}
    for item in manifest.usable:
        found, said = _windows_that_teach(item, plan)
        for words in said:
            alike.setdefault(words, []).append(item.name)
        if not found:
            continue
        given = _as_given(item.id, origins)
        samples += [
            Sample(
                item.id, window.start, window.frames, *size, window.fps, taken_from=None if given == item.id else given
            )
            for size in sizes.of(item)
            for window in found
        ]
    notes = [f"{listed(names, NAMED_ALIKE)}: {words}" for words, names in alike.items()]
    return samples, [*notes, *sizes.notes(), *reference_notes(manifest, plan), *_small_buckets(samples, plan)]


def _windows_that_teach(item: Item, plan: TrainingPlan) -> tuple[list[Window], list[str]]:
    """The item's windows (of a picture: one) and notes; none, with the reason, where a still teaches nothing."""
    recipe = RECIPES[plan.recipe]
    is_clip = item.info.kind == "clip"
    found, said = windows_of(item.info, plan) if is_clip else ([Window(0.0, 1)], [])
    if recipe.images is not None or (is_clip and (plan.frames == 1 or found[0].frames > 1)):
        return found, said
    what = "it is too short for more than one frame, and stills" if is_clip else "stills"
    return [], [f"left out, because {what} cannot teach {recipe.teaches}"]


class _Sizes:
    """Chooses each item's sizes and remembers what a person should know about them."""

    def __init__(self, plan: TrainingPlan) -> None:
        self._plan = plan
        self._main, self._further = sizes_of(plan), further_sizes(plan)
        self._used: Counter[Size] = Counter()
        self._too_small: dict[int, list[str]] = {}

    def of(self, item: Item) -> list[Size]:
        """The size near the plan's area, and those of more resolutions that do not enlarge the item."""
        width, height = item.info.width, item.info.height
        chosen = [nearest_to(width, height, self._main)]
        for edge, sizes in self._further.items():
            size = nearest_to(width, height, sizes)
            if size in chosen:
                continue
            if size[0] <= width and size[1] <= height:
                chosen.append(size)
            else:
                self._too_small.setdefault(edge, []).append(item.name)
        self._used.update(chosen)
        return chosen

    def notes(self) -> list[str]:
        """Which resolutions add nothing, which files are too small for them, and how many files have each size."""
        told = []
        for edge, sizes in self._further.items():
            if set(sizes) <= set(self._main):
                largest = BASES[self._plan.base].largest_edge
                told.append(f"Resolution {edge} adds nothing: the sizes are the same ({largest} is the largest edge)")
        for edge, names in self._too_small.items():
            told.append(
                f"Resolution {edge}: not for {listed(names)}, which would be enlarged; trained at the other sizes only"
            )
        if len(self._used) > 1:
            counts = ", ".join(f"{width}x{height} ({count})" for (width, height), count in sorted(self._used.items()))
            told.append(f"Sizes, with how many files each has: {counts}")
        return told


def _small_buckets(samples: Sequence[Sample], plan: TrainingPlan) -> list[str]:
    """A note about buckets with fewer training samples than a batch, or none."""
    training, _held_out = split_held_out(samples, plan.held_out_share, plan.seed)
    small = [(bucket, n) for bucket, n in sorted(buckets_of(training).items()) if n < plan.batch_size]
    if not small:
        return []
    told = ", ".join(f"{_bucket_words(bucket)} ({count})" for bucket, count in small)
    return [f"Fewer samples than the batch of {plan.batch_size}, so some repeat within a batch: {told}"]


def buckets_of(samples: Sequence[Sample]) -> Counter[tuple[int, int, int, float]]:
    """How many samples each bucket has."""
    return Counter(sample.bucket for sample in samples)


def _bucket_words(bucket: tuple[int, int, int, float]) -> str:
    width, height, frames, fps = bucket
    length = "1 frame" if frames == 1 else f"{frames} frames"
    return f"{width}x{height} with {length}" + (f" at {fps:g} a second" if fps else "")


def _as_given(item_id: str, origins: dict[str, str | None]) -> str:
    """The id of the clip that a person gave, of which this is a piece or a piece of one; its own for all others."""
    passed = {item_id}
    while (before := origins.get(item_id)) is not None and before not in passed:
        item_id = before
        passed.add(item_id)
    return item_id


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
