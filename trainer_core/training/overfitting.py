"""When a validation loss says that training learns its files by heart: one definition for order, watcher and diagnosis.

Noise, sigmas and the files kept aside never change within a run, so that two losses differ by what was learned alone.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

RISE = 0.05  # above the lowest loss, as a share of it
FEWEST_LOSSES = 4  # with fewer no course can be seen

Losses = Sequence[tuple[int, float]]  # (step, validation loss)


@dataclass(frozen=True)
class Overfitting:
    """The last two losses are both more than RISE above the lowest: (step, loss) of the lowest and of those two."""

    lowest: tuple[int, float]
    first: tuple[int, float]
    second: tuple[int, float]

    @property
    def words(self) -> str:
        """The evidence, in one sentence without its beginning."""
        (low_at, low), (first_at, first), (second_at, second) = self.lowest, self.first, self.second
        return (
            f"the validation loss was {first:.4f} at step {first_at} and {second:.4f} at step {second_at}, both more "
            f"than {RISE:.0%} above its lowest, {low:.4f} at step {low_at}"
        )


def usable(losses: Losses) -> list[tuple[int, float]]:
    """The losses by step; of a step that comes twice, as after a restart, the last one; those of a run that broke out.

    A broken run's are infinite, no numbers, or zero.
    """
    return sorted({step: loss for step, loss in losses if math.isfinite(loss) and loss > 0}.items())


def rise_of(losses: Losses) -> float | None:
    """By how much the last loss is above the lowest, as a share of that; None with fewer than FEWEST_LOSSES."""
    values = [loss for _, loss in usable(losses)]
    return (values[-1] - min(values)) / min(values) if len(values) >= FEWEST_LOSSES else None


def overfitting(losses: Losses) -> Overfitting | None:
    """Whether a training that still runs has begun to overfit, told by its two newest losses.

    Two, where the diagnosis of a finished run looks at the last one: that one is what was made and cannot be undone,
    while a training may come back from a single bad loss.
    """
    known = usable(losses)
    if len(known) < FEWEST_LOSSES:
        return None
    lowest = min(known, key=lambda entry: entry[1])
    line = lowest[1] * (1 + RISE)
    first, second = known[-2:]
    return Overfitting(lowest, first, second) if first[1] > line and second[1] > line else None
