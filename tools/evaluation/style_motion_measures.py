"""The scorecard's figures for a style or a motion: how far clips are from the training set, against the base model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trainer_core.dataset.fitting import fit
from trainer_core.dataset.manifest import Manifest, path_of
from trainer_core.dataset.media import UnusableMedia, read_frames
from trainer_core.plan import BaseModelName
from trainer_core.recipes import RecipeName

from .prompts import PromptCase
from .scorecard import Measure, Scorecard
from .style_motion import COLOURS, FEWEST_FILES, MOVEMENT, TEXTURE, Frames, Known, Statistic, Values, known_by
from .style_motion_calibration import load_style_motion

SIDE = 256  # pixels at which pictures are compared; smaller clips are compared at their own size
MOST_CLIPS = 24  # of the training set that are looked at
STATISTICS: dict[RecipeName, tuple[Statistic, ...]] = {
    RecipeName.STYLE: (COLOURS, TEXTURE),
    RecipeName.MOTION: (MOVEMENT,),
}
CALLED = ("first", "seen", "held_out", "new")
UNIT = "times the distance of your files from each other"
_PARTS = (  # id's ending, model, purposes, what is said behind the title and in the definition
    ("", "lora", CALLED, "", "with the LoRA and the trigger word"),
    ("_base", "base", CALLED, ", before training", "the same prompts on the base model"),
    ("_without", "lora", ("leak",), " without the trigger word", "with the LoRA, without the trigger word"),
    ("_without_base", "base", ("leak",), " without the trigger word, before training", "the same on the base model"),
)


@dataclass(frozen=True)
class _Clip:
    key: str
    case: PromptCase
    frames: Frames


def measures_of_recipe(
    card: Scorecard,
    cases: Sequence[PromptCase],
    clips: Mapping[str, Frames],
    pictures: Sequence[Frames],
    folder: Path,
    manifest: Manifest,
) -> tuple[Measure, ...]:
    """Figures for style and motion; none for the other recipes.

    `clips` gives the frames (n, h, w, 3) of each clip under (model)/(case id), `pictures` some frames of each training
    file, which a style is compared with; a motion is compared with the clips in `folder`.
    """
    statistics = STATISTICS.get(card.recipe, ())
    if not statistics or not clips:
        return ()
    by_id = {case.id: case for case in cases}
    made = [_Clip(key, by_id[key.partition("/")[2]], frames) for key, frames in clips.items()]
    side = min(SIDE, *(min(clip.frames.shape[1:3]) for clip in made))
    if card.recipe is RecipeName.STYLE:
        files = [fit(each, side, side) for each in pictures]
    else:
        files = _training_clips(folder, manifest, card.frames, card.fps)
    found: list[Measure] = []
    for statistic in statistics:
        known = known_by(statistic, [statistic.of(each, card.fps) for each in files])
        values = {clip.key: statistic.of(fit(clip.frames, side, side), card.fps) for clip in made}
        found += [_measure(statistic, part, known, made, values, card.base) for part in _PARTS]
    return tuple(found)


def _measure(
    statistic: Statistic,
    part: tuple[str, str, tuple[str, ...], str, str],
    known: Known | None,
    made: Sequence[_Clip],
    values: Mapping[str, Values],
    base: BaseModelName,
) -> Measure:
    ending, model, purposes, behind, said = part
    chosen = [clip for clip in made if clip.key.startswith(f"{model}/") and clip.case.purpose in purposes]
    far = [known.distance(statistic, values[clip.key]) for clip in chosen] if known else []
    if known is None:
        what = "clips" if statistic is MOVEMENT else "files"
        validity = f"Fewer than {FEWEST_FILES} {what} to compare with, so they have no spread of their own."
    else:
        validity = _validity(statistic, base) if far else "No test clip of this kind was made."
    return Measure(
        id=f"{statistic.id}{ending}",
        title=f"{statistic.title}{behind}",
        value=round(float(np.mean(far)), 3) if far else None,
        low=round(min(far), 3) if far else None,
        high=round(max(far), 3) if far else None,
        unit=UNIT,
        definition=f"{statistic.words}, divided by the median distance of one of your files to the others: {said}",
        evidence=tuple(clip.case.id for clip in chosen) if far else (),
        validity=validity,
    )


def _validity(statistic: Statistic, base: BaseModelName) -> str:
    """What is known about the figure: measured on drawn material, never enough for a verdict."""
    material = "reconstructed" if base is BaseModelName.MINI else "drawn"
    calibration = load_style_motion()
    told = calibration.told[statistic.id][material]
    kinds = calibration.kinds["motion" if statistic is MOVEMENT else "style"]
    where = ", after mini's autoencoder" if material == "reconstructed" else ""
    return (
        f"No verdict: compare it with the figure before training. On {len(kinds)} drawn kinds{where}, the own kind was "
        f"nearer than another in {told.auc:.0%} of comparisons; worst: {told.worst} ({told.worst_auc:.0%}; "
        f"{calibration.date}). Scene and subject count too."
    )


def _training_clips(folder: Path, manifest: Manifest, frames: int, fps: float) -> list[Frames]:
    """The middle of each training clip, as long as a test clip; those that are too short or unreadable are left out."""
    items = [item for item in manifest.usable if item.info.kind == "clip"]
    items = (
        [items[index * len(items) // MOST_CLIPS] for index in range(MOST_CLIPS)] if len(items) > MOST_CLIPS else items
    )
    found = []
    for item in items:
        start = max(0.0, (item.info.seconds - frames / fps) / 2)
        try:
            found.append(
                read_frames(path_of(folder, item), fps=fps, frames=frames, start=start, width=SIDE, height=SIDE)
            )
        except (UnusableMedia, OSError):
            continue  # named among the files that could not be read
    return found
