"""Figures that compare parts of the suite with each other: trained captions with ones kept aside, with and without a
picture beside the prompt."""

from collections.abc import Sequence

import numpy as np

from trainer_core.plan import BaseModelName

from .definitions import COSINE
from .scorecard import ClipScore, Measure, Scorecard
from .scoring import ONE_SUBJECT


def measures_of_suite(card: Scorecard) -> tuple[Measure, ...]:
    """The comparisons of which clips were made; none where the built-in embedder does not hold."""
    if card.base is not BaseModelName.MINI or card.recipe not in ONE_SUBJECT:
        return ()
    clips = [clip for clip in card.clips if clip.model == "lora"]
    return tuple(measure for measure in (_by_heart(clips, card), _with_picture(clips)) if measure is not None)


def _by_heart(clips: Sequence[ClipScore], card: Scorecard) -> Measure | None:
    seen, aside = ([clip for clip in clips if clip.case.purpose == purpose] for purpose in ("seen", "held_out"))
    if not seen or not aside:
        return None
    before = {
        purpose: [clip.identity for clip in card.clips if clip.model == "base" and clip.case.purpose == purpose]
        for purpose in ("seen", "held_out")
    }
    validity = f"No verdict: {len(seen)} against {len(aside)} clip, each with a scene of its own."
    if all(before.values()):
        gap = float(np.mean(before["seen"]) - np.mean(before["held_out"]))
        validity += f" Before training the difference was {gap:.2f}."
    return _measure(
        "captions_gap",
        "Better on captions it was trained on",
        float(np.mean([clip.identity for clip in seen]) - np.mean([clip.identity for clip in aside])),
        "likeness with captions that were trained on minus likeness with a caption of a file kept aside; learning by "
        "heart makes it large",
        [*seen, *aside],
        validity,
    )


def _with_picture(clips: Sequence[ClipScore]) -> Measure | None:
    """Pairs of one prompt and seed, with and without a picture beside the prompt."""
    plain = {(clip.case.prompt, clip.case.seed): clip for clip in clips if clip.case.reference is None}
    shown = [clip for clip in clips if clip.case.reference is not None]
    pairs = [(clip, plain[key]) for clip in shown if (key := (clip.case.prompt, clip.case.seed)) in plain]
    if not pairs:
        return None
    return _measure(
        "picture_gain",
        "Gained by a picture beside the prompt",
        float(np.mean([with_it.identity - without.identity for with_it, without in pairs])),
        "likeness with one of your pictures shown minus without it: same prompts and seeds",
        [with_it for with_it, _without in pairs],
        f"No verdict: {len(pairs)} pair{'' if len(pairs) == 1 else 's'} of clips.",
    )


def _measure(
    measure_id: str, title: str, value: float, definition: str, clips: Sequence[ClipScore], validity: str
) -> Measure:
    return Measure(
        id=measure_id,
        title=title,
        value=round(value, 4),
        unit=COSINE,
        definition=definition,
        evidence=tuple(clip.case.id for clip in clips),
        validity=validity,
    )
