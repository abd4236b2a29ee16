"""The sizes that files are trained at: legal for the base, near the plan's area, and few, so that batches fill."""

import math
from collections.abc import Sequence
from functools import lru_cache

from trainer_core.plan import BASES, BaseModelName, ReferenceKind, TrainingPlan

Size = tuple[int, int]  # width, height in pixels

ASPECTS = ((1, 2), (9, 16), (2, 3), (3, 4), (1, 1), (4, 3), (3, 2), (16, 9), (2, 1))  # width to height
MOST_AREA = 1.05  # times the wanted area: no size needs much more memory than the plan's own
AREA_WEIGHT = 0.5  # right proportions count twice as much as the right area


def sizes_of(plan: TrainingPlan) -> list[Size]:
    """The sizes near the plan's own area, of which each file takes one; the plan's own size is the first."""
    own = (plan.width, plan.height)
    if not plan.keep_aspect:
        return [own]
    return list(dict.fromkeys([own, *_of_all_aspects(plan, plan.width * plan.height)]))


def further_sizes(plan: TrainingPlan) -> dict[int, list[Size]]:
    """For each edge of `more_resolutions`, the sizes near the area of a square with that edge."""
    found = {}
    for edge in plan.more_resolutions:
        own = nearest_legal(plan.base, plan.width / plan.height, edge * edge, _times_smaller(plan))
        all_of_them = [own, *_of_all_aspects(plan, edge * edge)] if plan.keep_aspect else [own]
        found[edge] = list(dict.fromkeys(all_of_them))
    return found


def nearest_to(width: int, height: int, sizes: Sequence[Size]) -> Size:
    """The one of `sizes` with the proportions nearest to a file's: least is cut off."""
    return min(sizes, key=lambda size: abs(math.log(size[0] * height / (size[1] * width))))


@lru_cache(maxsize=512)
def nearest_legal(base: BaseModelName, aspect: float, area: int, times_smaller: int = 1) -> Size:
    """The base's legal size nearest to an aspect (width / height) and an area in pixels.

    Legal: multiples of its size factor up to its largest edge, also when divided by `times_smaller`. At most 5 % above
    the area, or the smallest size.
    """
    step = BASES[base].size_factor * times_smaller
    edges = range(step, BASES[base].largest_edge + 1, step)
    fitting = [(w, h) for w in edges for h in edges if w * h <= MOST_AREA * area]

    def distance(size: Size) -> float:
        width, height = size
        return abs(math.log(width / height / aspect)) + AREA_WEIGHT * abs(math.log(width * height / area))

    return min(fitting, key=distance, default=(step, step))


def _of_all_aspects(plan: TrainingPlan, area: int) -> list[Size]:
    return [nearest_legal(plan.base, width / height, area, _times_smaller(plan)) for width, height in ASPECTS]


def _times_smaller(plan: TrainingPlan) -> int:
    """References have a legal size too."""
    return 1 if plan.reference is ReferenceKind.NONE else plan.reference_downscale
