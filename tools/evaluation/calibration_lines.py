"""Lines for the measures that need no embedder, from drawn clips of which it is known what is wrong with them.

Every case is what the scorecard sees of one LoRA: clips in scenes that the training set lacks, and the base model's
clips of the same scenes, all through mini's autoencoder. The sound ones are a never-seen character where it should be;
the others are spoiled on purpose. A line lies where as many sound cases fall on its wrong side as spoiled ones.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from trainer_core.base_models.mini.world.character import Character, random_character
from trainer_core.base_models.mini.world.palette import PLACES
from trainer_core.base_models.mini.world.render import render_clip, render_image
from trainer_core.base_models.mini.world.scene import MOTIONS, Scene, random_scene

from . import measures
from .attributes import place_of
from .calibrated import Probe, Spread, StoredLine
from .calibration import FRAMES, auc, equal_error, today
from .embedder import SIDE

Clip = NDArray[np.uint8]
Reconstruct = Callable[[Sequence[Clip]], list[Clip]]

FILES = 12  # pictures of a training set
SCENES = 3  # the scorecard's first and new scenes
_ON = "drawn characters that mini never saw, true clips through mini's autoencoder"


@dataclass(frozen=True)
class Case:
    """One LoRA's worth of clips: thumbnails (12, 768) of its files; its own clips; the same scenes on the base; the
    clips of one that learned a single file by heart; clips of somebody who only stands there; scenes of `own`."""

    known: measures.Vectors
    own: list[Clip]
    base: list[Clip]
    copied: list[Clip]
    standing: list[Clip]
    scenes: list[Scene]


def draw_cases(count: int, reconstruct: Reconstruct, seed: int = 61) -> list[Case]:
    """Draw `count` cases; 20 clips each, all of which `reconstruct` takes through mini's autoencoder."""
    rng = np.random.default_rng(seed)
    return [_draw_case(rng, reconstruct) for _ in range(count)]


def _draw_case(rng: np.random.Generator, reconstruct: Reconstruct) -> Case:
    character, other = (random_character(rng, held_out=True) for _ in range(2))
    places = [str(place) for place in rng.permutation(list(PLACES))]
    files = [random_scene(rng, place=str(rng.choice(places[SCENES:]))) for _ in range(FILES)]
    moves = ["standing", *(str(motion) for motion in rng.choice(MOTIONS[1:], SCENES - 1))]
    scenes = [
        random_scene(rng, place=place, light="soft", motion=motion)
        for place, motion in zip(places[:SCENES], moves, strict=True)
    ]
    others = [random_scene(rng, place=scene.place, light="soft", motion=scene.motion) for scene in scenes]
    learned = files[0]
    by_heart = [replace(learned, offset=_near(learned.offset, rng), motion=scene.motion) for scene in scenes]
    still = [random_scene(rng, motion="standing") for _ in range(SCENES)]
    return Case(
        known=measures.thumbnails([render_image(character, scene, size=SIDE) for scene in files]),
        own=reconstruct(_clips(character, scenes)),
        base=reconstruct(_clips(other, others)),
        copied=reconstruct(_clips(character, by_heart)),
        standing=reconstruct(_clips(character, still)),
        scenes=scenes,
    )


def lines_from(cases: Sequence[Case], seed: int = 62) -> dict[str, StoredLine]:
    """The line of every measure; the names are those of the facts that diagnosis compares with them."""
    rng = np.random.default_rng(seed)
    burned = [[burn(clip, rng) for clip in case.own] for case in cases]
    return {
        "copying": line_between(
            [_nearest(case.own, case) for case in cases],
            [_nearest(case.copied, case) for case in cases],
            "at most",
            f"clips in new scenes against clips of one training picture; {_ON}",
        ),
        "variety": line_between(
            [_variety(case.own) / _variety(case.base) for case in cases],
            [_variety(case.copied) / _variety(case.base) for case in cases],
            "at least",
            f"{SCENES} clips in different places against {SCENES} of one training picture, each as a share of the "
            f"base model's variety; {_ON}",
        ),
        "burned": line_between(
            [_mean(measures.burned_share, case.own) - _mean(measures.burned_share, case.base) for case in cases],
            [
                _mean(measures.burned_share, clips) - _mean(measures.burned_share, case.base)
                for clips, case in zip(burned, cases, strict=True)
            ],
            "at most",
            f"clips as they are against clips with contrast and colours raised 1.2 to 1.8 times, less the base "
            f"model's share; {_ON}",
        ),
        "still": line_between(
            [measures.change(clip) for case in cases for clip in (*case.own[1:], *case.base[1:])],
            [measures.change(clip) for case in cases for clip in case.standing],
            "at least",
            f"mean change between frames, in grey levels, of clips that walk, wave, turn or jump against clips that "
            f"stand; {_ON}",
        ),
        "flicker": line_between(
            [_mean(measures.steadiness, case.standing) for case in cases],
            [_mean(measures.steadiness, [flicker(clip, rng) for clip in case.standing]) for case in cases],
            "at least",
            f"clips in which nobody moves against the same with 2 to 8 % changes of brightness between frames; {_ON}",
        ),
    }


def place_probe(cases: Sequence[Case]) -> Probe:
    """How often the probe of places is right on the cases' own clips."""
    asked = [(clip, scene.place) for case in cases for clip, scene in zip(case.own, case.scenes, strict=True)]
    right = sum(place_of(clip) == place for clip, place in asked)
    return Probe(right=right, of=len(asked), date=today(), words=f"{_ON}, soft light")


def burn(clip: Clip, rng: np.random.Generator) -> Clip:
    """Contrast and colour raised by one gain for the whole clip, as over-trained LoRAs do."""
    gain = rng.uniform(1.2, 1.8)
    values = clip.astype(np.float32)
    grey = values.mean(axis=-1, keepdims=True)
    raised = (grey - 128) * gain + 128 + (values - grey) * gain
    return np.clip(raised, 0, 255).round().astype(np.uint8)


def flicker(clip: Clip, rng: np.random.Generator) -> Clip:
    """Every frame with a brightness of its own; the spread is 2 to 8 %."""
    gains = 1 + rng.normal(0, rng.uniform(0.02, 0.08), size=(len(clip), 1, 1, 1))
    return np.clip(clip * gains, 0, 255).round().astype(np.uint8)


def line_between(sound: Sequence[float], spoiled: Sequence[float], direction: str, words: str) -> StoredLine:
    """The line between the values of sound and spoiled cases; `direction` is where sound ones lie."""
    good, bad = np.asarray(sound, dtype=np.float32), np.asarray(spoiled, dtype=np.float32)
    high, low = (good, bad) if direction == "at least" else (bad, good)
    value, errors = equal_error(high, low)
    if errors == 0:
        value = float(high.min() + low.max()) / 2  # no case lies between them: the middle is fair to both
    return StoredLine(
        value=round(value, 4),
        direction="at least" if direction == "at least" else "at most",
        words=words,
        date=today(),
        cases=len(good),
        auc=round(auc(high, low), 4),
        errors=round(errors, 4),
        sound=Spread.of(good),
        spoiled=Spread.of(bad),
    )


def _clips(character: Character, scenes: Sequence[Scene]) -> list[Clip]:
    return [render_clip(character, scene, size=SIDE, frames=FRAMES) for scene in scenes]


def _near(offset: tuple[float, float], rng: np.random.Generator) -> tuple[float, float]:
    return offset[0] + float(rng.normal(0, 0.03)), offset[1] + float(rng.normal(0, 0.02))


def _nearest(clips: Sequence[Clip], case: Case) -> float:
    return max(measures.nearest(measures.thumbnails(list(clip)), case.known) for clip in clips)


def _variety(clips: Sequence[Clip]) -> float:
    return 1 - measures.sameness(measures.thumbnails([clip[len(clip) // 2] for clip in clips]))


def _mean(measure: Callable[[Clip], float], clips: Sequence[Clip]) -> float:
    return float(np.mean([measure(clip) for clip in clips]))
