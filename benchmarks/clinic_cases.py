"""The clinic's cases: a way to spoil a training on purpose, what a right first diagnosis is, and what must get better.

Each case is made for one drawn character that mini has never seen. `cure` is what the person does after the first
finding; the plan's part of it is applied from the finding itself.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from tools.evaluation.calibration import load_calibration
from trainer_core.base_models.mini.world.character import Character
from trainer_core.base_models.mini.world.palette import PLACES
from trainer_core.base_models.mini.world.render import render_image
from trainer_core.base_models.mini.world.scene import LIGHTS, Scene, random_scene

SIZE = 512  # pixels of the drawn files: what the recipe asks for; mini looks at 64
FILES = 24
YAWS = (0, 42, -42, 90, 8, -90, 50, -50, 180, -10, 38, -36, 88, 5, -88, 172, 45, -45, 0, 30, -30, 95, -172, 12)
FRONTS = (0.0,)


@dataclass(frozen=True)
class Case:
    """One kind of trouble.

    `right`: ids of findings of which any is a right first diagnosis; empty for a sound run. `measure`: the figure that
    must improve after the first finding's change; `better` says in which direction, and `line` on which side of it the
    figure fails: where it did not fail, nothing can be cured. `plan`: changed fields, a factor
    of the proposed value where the name ends in '_factor'.
    """

    name: str
    right: frozenset[str]
    measure: str
    better: str  # "higher" or "lower"
    line: float
    draw: Callable[[Character, np.random.Generator, Path], None]
    plan: dict[str, float] = field(default_factory=dict)
    captions: str = "ours"  # or "no trigger", or "bare": trigger and class noun alone
    trigger: str | None = None  # an ordinary word in place of ours
    damage: bool = False  # the LoRA file is cut off after training

    def failed(self, value: float | None) -> bool:
        """Whether the measure is on the wrong side of its line."""
        return value is not None and (value < self.line if self.better == "higher" else value > self.line)


def scenes(
    rng: np.random.Generator, count: int = FILES, *, yaws: tuple[float, ...] = YAWS, places: tuple[str, ...] = ()
) -> list[Scene]:
    """Varied takes: every place, light and shot comes round; yaw in degrees with a little chance."""
    chosen = places or tuple(PLACES)
    return [
        random_scene(
            rng,
            place=chosen[index % len(chosen)],
            yaw=float(yaws[index % len(yaws)] + rng.uniform(-6, 6)),
            light=LIGHTS[(index + index // 5) % len(LIGHTS)],
            shot=("full", "medium", "full", "medium", "close")[index % 5],
            motion=("standing", "waving", "walking")[index % 3],
        )
        for index in range(count)
    ]


def draw_files(character: Character, takes: list[Scene], folder: Path, *, first: int = 0) -> None:
    """One PNG for each take."""
    folder.mkdir(parents=True, exist_ok=True)
    for index, take in enumerate(takes, start=first):
        Image.fromarray(render_image(character, take, size=SIZE)).save(folder / f"picture-{index:02}.png")


def varied(character: Character, rng: np.random.Generator, folder: Path) -> None:
    """A set without flaws."""
    draw_files(character, scenes(rng), folder)


def few(character: Character, rng: np.random.Generator, folder: Path) -> None:
    """Ten files, the fewest that may be launched."""
    draw_files(character, scenes(rng, 10), folder)


def one_view(character: Character, rng: np.random.Generator, folder: Path) -> None:
    """All from the front."""
    draw_files(character, scenes(rng, yaws=FRONTS), folder)


def one_background(character: Character, rng: np.random.Generator, folder: Path) -> None:
    """All in front of one brick wall."""
    draw_files(character, scenes(rng, places=("bricks",)), folder)


def near_duplicates(character: Character, rng: np.random.Generator, folder: Path) -> None:
    """Three pictures, eight times each with a little noise and a pixel's shift: what saving frames of a clip gives."""
    folder.mkdir(parents=True, exist_ok=True)
    takes = scenes(rng, 3)
    for index in range(FILES):
        picture = render_image(character, takes[index % 3], size=SIZE)
        moved = np.roll(picture, int(rng.integers(-1, 2)), axis=1).astype(np.float32)
        noisy = np.clip(moved + rng.normal(0, 2, moved.shape), 0, 255).astype(np.uint8)
        Image.fromarray(noisy).save(folder / f"picture-{index:02}.png")


_MATERIAL = load_calibration().materials["reconstructed"]
LIKENESS, LEAK = _MATERIAL.threshold, _MATERIAL.chance  # the scorecard's own lines

CASES: tuple[Case, ...] = (  # few_steps is cured by sound's plan: not beside it, or two workers train it twice
    Case("sound", frozenset(), "identity", "higher", LIKENESS, varied),
    Case(
        "too_many_steps",
        frozenset({"overfit", "copying"}),
        "validation_rise",
        "lower",
        0.05,
        few,
        {"steps_factor": 3.0, "class_preservation": 0.0},
    ),
    Case(
        "few_steps",
        frozenset({"few_steps", "underfit"}),
        "identity",
        "higher",
        LIKENESS,
        varied,
        {"steps_factor": 0.12},
    ),
    Case("one_view", frozenset({"views", "stuck_view", "missing_views"}), "view_shown", "higher", 0.34, one_view),
    Case(
        "one_background",
        frozenset({"one_background", "background_risk"}),
        "place_followed",
        "higher",
        1.0,
        one_background,
        captions="bare",
    ),
    Case(
        "captions_without_trigger",
        frozenset({"captions_without_trigger"}),
        "identity",
        "higher",
        LIKENESS,
        varied,
        captions="no trigger",
    ),
    Case("ordinary_trigger", frozenset({"trigger_is_a_word"}), "leak", "lower", LEAK, varied, trigger="person"),
    Case("near_duplicates", frozenset({"near_duplicates"}), "identity_views", "higher", LIKENESS, near_duplicates),
    Case(
        "learning_rate_times_30",
        frozenset({"learning_rate_high"}),
        "identity",
        "higher",
        LIKENESS,
        varied,
        {"learning_rate_factor": 30.0},
    ),
    Case(
        "learning_rate_over_30",
        frozenset({"learning_rate_low"}),
        "identity",
        "higher",
        LIKENESS,
        varied,
        {"learning_rate_factor": 1 / 30},
    ),
    Case("damaged_file", frozenset({"damaged_file"}), "sound_file", "higher", 1.0, varied, damage=True),
    Case("rank_1", frozenset({"rank_small"}), "identity", "higher", LIKENESS, varied, {"rank": 1}),
)
