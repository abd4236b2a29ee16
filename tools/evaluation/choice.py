"""Which of several points of a sweep is the best, by how much, and whether the difference is more than chance."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from .scorecard import ClipScore, SweepPoint

DEFINITION = (
    "mean resemblance of the clips with the trigger word, minus the mean leak where it is above zero (resemblance "
    "without the trigger word, minus that of the base model on the same words and seeds). Some of these clips are "
    "among those of the figures above, so they flatter the chosen one a little"
)
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Choice:
    """The chosen point; those whose score differs from the best one's by no more than `chance`, the best among them.

    `margin` is the best score minus the next, None where there is no next. `short` are points alike that were passed
    over because their resemblance is below the line that counts as the subject.
    """

    chosen: SweepPoint
    best: SweepPoint
    next: SweepPoint | None
    alike: tuple[SweepPoint, ...]
    short: tuple[SweepPoint, ...]
    margin: float | None
    chance: float


def point_of(step: int, strength: float, clips: Sequence[ClipScore], base: Mapping[str, ClipScore]) -> SweepPoint:
    """The figures of one point. `base` are the clips without the LoRA by case id; without leak clips: no score."""
    called = [clip for clip in clips if clip.case.uses_trigger]
    leaks = [
        clip.identity - base[clip.case.id].identity for clip in clips if clip.case.id in base and clip not in called
    ]
    identity, leak = _mean([clip.identity for clip in called]), _mean(leaks)
    return SweepPoint(
        step=step,
        strength=strength,
        score=None if identity is None or leak is None else round(identity - max(0.0, leak), 4),
        identity=identity,
        leak=leak,
        consistency=_mean([clip.consistency for clip in called]),
        clips=tuple(clips),
    )


def chance_of(points: Sequence[SweepPoint]) -> float:
    """By how much the scores of two of these points may differ by chance; infinite where too little is known.

    All points have the same prompts and seeds, so they are compared as treatments in randomised complete blocks, and
    this is Fisher's least significant difference (R. A. Fisher, The Design of Experiments, 1935):

        t(0.975, d) s sqrt(2 / n + 2 / m),  s^2 = sum of squared residuals / d,  d = (n - 1 + m - 1)(k - 1)

    for k points, n clips with and m without the trigger word; a residual is a clip's resemblance without the mean of
    its point and the mean of its prompt, within the n and within the m. The base model's clips are the same for all
    points and add nothing; 2 / m counts only where a point leaks, as in the score. The figure stored with the
    calibration (`chance`) is not used: it is for clips of unlike subjects, without pairs, and about five times as wide.
    """
    with_trigger, without = (_table(points, called) for called in (True, False))
    squares, degrees = 0.0, 0
    for table in (with_trigger, without):
        if table.size:
            residuals = table - table.mean(axis=0) - table.mean(axis=1, keepdims=True) + table.mean()
            squares += float((residuals**2).sum())
            degrees += (table.shape[0] - 1) * (table.shape[1] - 1)
    if degrees == 0 or not with_trigger.size:
        return float("inf")
    parts = 2 / with_trigger.shape[1]
    if without.size and any((point.leak or 0.0) > 0 for point in points):
        parts += 2 / without.shape[1]
    return float(stdtrit(degrees, (1 + CONFIDENCE) / 2) * np.sqrt(squares / degrees * parts))


def choose(points: Sequence[SweepPoint], line: float, preference: Callable[[SweepPoint], float]) -> Choice:
    """The point to use: the best score, or among those that differ from it by chance only the most preferred.

    `preference` is smallest for the one to be preferred. One whose resemblance is below `line` is not preferred to a
    better one: less training is no gain where the subject is not learned yet. Points without a score do not count.
    """
    scored = [(point.score, point) for point in points if point.score is not None]
    if not scored:
        raise ValueError("no point has a score")
    top = max(score for score, _ in scored)
    best = min((point for score, point in scored if score == top), key=preference)
    others = [(score, point) for score, point in scored if point is not best]
    chance, alike = _alike(scored, top) if others else (0.0, (best,))
    learned = [point for point in alike if (point.identity or 0.0) >= line]
    chosen = min(learned, key=preference) if learned else best
    short = tuple(point for point in alike if point not in learned) if learned else ()
    runner_up = max(others, key=lambda other: other[0], default=None)
    return Choice(
        chosen=chosen,
        best=best,
        next=runner_up[1] if runner_up else None,
        alike=alike,
        short=short,
        margin=round(top - runner_up[0], 4) if runner_up else None,
        chance=chance,
    )


def _alike(scored: Sequence[tuple[float, SweepPoint]], top: float) -> tuple[float, tuple[SweepPoint, ...]]:
    """(chance, the points that differ from the best by no more).

    Where some are out, chance is taken once more from those that are left: the clips of a point that went wrong spread
    more than those of sound ones, and must not make these look alike.
    """
    chance = chance_of([point for _, point in scored])
    near = [(score, point) for score, point in scored if top - score <= chance]
    if 1 < len(near) < len(scored):
        chance = min(chance, chance_of([point for _, point in near]))
    return chance, tuple(point for score, point in near if top - score <= chance)


def certainly_out(begun: SweepPoint, scored: Sequence[SweepPoint]) -> bool:
    """True when a point that has only its clips with the trigger word cannot come near the best any more.

    Its score can be no higher than its mean resemblance, since leak is only subtracted; it is out when that is below
    the best score by more than chance.
    """
    scores = [point.score for point in scored if point.score is not None]
    if begun.identity is None or not scores:
        return False
    called_only = [
        point.model_copy(update={"clips": tuple(clip for clip in point.clips if clip.case.uses_trigger), "leak": None})
        for point in [*scored, begun]
    ]
    return begun.identity + chance_of(called_only) < max(scores)


def _table(points: Sequence[SweepPoint], called: bool) -> NDArray[np.float64]:
    """Resemblance (points, prompts) of the clips with, or without, the trigger word that all points have."""
    found = [{c.case.id: c.identity for c in point.clips if c.case.uses_trigger is called} for point in points]
    shared = [case for case in found[0] if all(case in each for each in found)] if found else []
    return np.asarray([[each[case] for case in shared] for each in found], dtype=np.float64)


def _mean(values: Sequence[float]) -> float | None:
    return round(float(np.mean(values)), 4) if values else None
