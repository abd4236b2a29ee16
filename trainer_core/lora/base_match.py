"""Which base model a LoRA was made for, from the names and sizes of its layers."""

from collections.abc import Mapping
from dataclasses import dataclass

from ..plan import BaseModelName
from .base_shapes import linear_shapes
from .names import to_diffusers

GUESS_NEEDED = 0.5  # of the layers


@dataclass(frozen=True)
class BaseMatch:
    """The base that fits best, the share of layers that fit it in name and size, and the names of the others."""

    base: BaseModelName | None
    share: float | None
    unmatched: tuple[str, ...] = ()


def match_bases(
    pairs: Mapping[str, tuple[str, str]], shapes: Mapping[str, tuple[int, ...]], base: BaseModelName | None
) -> BaseMatch:
    """Compare a file with `base`, or with every base that Sidekick knows.

    pairs: module -> keys of (lora_A, lora_B); shapes: of those keys, (rank, inputs) and (outputs, rank). The share is
    that of `base` when it is given, else the best; the guess is the base that fits at least half of the layers.
    """
    results = {name: _unmatched(pairs, shapes, name) for name in BaseModelName}
    best = min(results, key=lambda name: len(results[name]))
    measured = base or best
    share = 1 - len(results[measured]) / len(pairs)
    guess = best if 1 - len(results[best]) / len(pairs) >= GUESS_NEEDED else None
    return BaseMatch(guess, share, results[measured])


def _unmatched(
    pairs: Mapping[str, tuple[str, str]], shapes: Mapping[str, tuple[int, ...]], base: BaseModelName
) -> tuple[str, ...]:
    layers = linear_shapes(base)
    return tuple(
        module
        for module, (a, b) in sorted(pairs.items())
        if layers.get(to_diffusers(module)) != (shapes[b][0], shapes[a][1])
    )
